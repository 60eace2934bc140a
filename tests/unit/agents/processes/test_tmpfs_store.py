"""Datastores whose files were replaced by something hostile: every request has an outcome, and none raises."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from herzschlag.agents.datastore.requests import (
    FAILED,
    SECTOR,
    AnyIo,
    Append,
    ListFolder,
    Outcome,
    Read,
    Remove,
    Replace,
    Stat,
    Touch,
    WriteSector,
)
from herzschlag.agents.datastore.requests import TestAndSet as SetIf  # pytest would collect its own name
from herzschlag.agents.processes import tmpfs_store
from herzschlag.agents.processes.tmpfs_store import TEMPORARY, TmpfsDatastores
from tests.unit.agents.processes.test_regular_files import HOSTILE

DS = "vmfs-1"
ZERO = bytes(SECTOR)


def requests(path: str) -> list[AnyIo]:
    return [
        Read(1, DS, path),
        Stat(2, DS, path),
        WriteSector(3, DS, path, offset=0, data=ZERO),
        Append(4, DS, path, data=b"x"),
        SetIf(5, DS, path, offset=0, expected=ZERO, data=ZERO),
        Touch(6, DS, path),
        ListFolder(7, DS, path),
        Replace(8, DS, path, data=b"x"),
        Remove(9, DS, path),
    ]


@pytest.fixture
def live(tmp_path: Path) -> Path:
    (tmp_path / DS).mkdir()
    return tmp_path / DS


def answer(live: Path, request: AnyIo) -> Outcome:
    outcome = TmpfsDatastores(live.parent).perform(request)
    assert outcome is not None
    return outcome


@pytest.mark.parametrize("what", HOSTILE)
def test_no_request_raises_or_hangs_whatever_lies_at_its_path(what: str, live: Path) -> None:
    passwd = Path("/etc/passwd").read_bytes()
    for request in requests("f"):
        HOSTILE[what](live / "f")
        assert answer(live, request).status in ("ok", "mismatch", *FAILED)
        if os.path.lexists(live / "f"):
            (live / "f").rmdir() if (live / "f").is_dir() and what == "folder" else (live / "f").unlink()
    assert Path("/etc/passwd").read_bytes() == passwd


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_read_or_written_in_place_is_damaged(what: str, live: Path) -> None:
    HOSTILE[what](live / "f")
    assert answer(live, Read(1, DS, "f")).status == "damaged"
    if what != "terabyte":
        assert answer(live, Append(2, DS, "f", data=b"x")).status == "damaged"
        assert answer(live, WriteSector(3, DS, "f", offset=0, data=ZERO)).status == "damaged"


@pytest.mark.parametrize("what", HOSTILE)
def test_no_request_raises_whatever_its_folder_is(what: str, live: Path) -> None:
    HOSTILE[what](live / "vm")
    for request in requests("vm/f"):
        assert answer(live, request).status in ("ok", "missing", *FAILED)


def failing(monkeypatch: pytest.MonkeyPatch, number: int, *calls: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    for call in calls:
        monkeypatch.setattr(os, call, fail)


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EIO, "lost")])
def test_a_write_says_why_it_was_not_done(number: int, said: str, live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (live / "f").write_bytes(b"old")
    failing(monkeypatch, number, "write", "pwrite")
    for request in (
        WriteSector(1, DS, "g", offset=0, data=ZERO),
        Append(2, DS, "f", data=b"x"),
        SetIf(3, DS, "lock", offset=0, expected=ZERO, data=ZERO),
        Replace(4, DS, "f", data=b"new"),
    ):
        assert answer(live, request) == Outcome(request.request, said)  # type: ignore[arg-type]
    assert (live / "f").read_bytes() == b"old"
    assert not [name for name in os.listdir(live) if name.endswith(TEMPORARY)]  # noqa: PTH208


def test_a_lock_that_is_never_let_go_is_a_datastore_that_does_not_answer(live: Path) -> None:
    """Its holder may be a host that was frozen in the middle of a test-and-set."""
    store = TmpfsDatastores(live.parent)
    request = SetIf(1, DS, "lock", offset=0, expected=ZERO, data=ZERO)
    with (live / "lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert store.perform(request) is None
        assert store.retry() == []
    assert store.retry() == [Outcome(1, "ok")]


def test_a_folder_of_far_too_many_names_is_damaged(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmpfs_store, "_NAMES_MAX", 3)
    for name in "abc":
        (live / name).touch()
    assert answer(live, ListFolder(1, DS, "")).data == b"a\nb\nc"
    (live / "d").touch()
    assert answer(live, ListFolder(2, DS, "")).status == "damaged"


class _Slow:
    """A datastore whose requests take 100 ns each, by a clock that the test moves."""

    def __init__(self, root: Path) -> None:
        (root / DS).mkdir()
        self.mark = root / f"{tmpfs_store.SLOW}{DS}"
        self.mark.write_text("100")
        self.now_ns = 0
        self.store = TmpfsDatastores(root, lambda: self.now_ns)

    def at(self, now_ns: int) -> list[Outcome]:
        self.now_ns = now_ns
        return self.store.retry()


def test_a_request_to_a_slow_datastore_is_carried_out_when_it_is_due(tmp_path: Path) -> None:
    """A lock that is taken at once and reported late would be held by a host that does not know it."""
    slow = _Slow(tmp_path)
    assert slow.store.perform(Append(1, DS, "f", data=b"x")) is None
    slow.now_ns = 40
    assert slow.store.perform(Read(2, DS, "f")) is None
    assert (slow.store.due_ns(), slow.at(99), (tmp_path / DS / "f").exists()) == (100, [], False)
    assert slow.at(100) == [Outcome(1, "ok")]
    assert (slow.store.due_ns(), slow.at(140)) == (140, [Outcome(2, "ok", b"x")])
    assert slow.store.due_ns() is None


def test_what_waits_is_withdrawn_or_carried_out_in_order_when_the_datastore_is_quick_again(tmp_path: Path) -> None:
    slow = _Slow(tmp_path)
    for number in (1, 2, 3):
        assert slow.store.perform(Append(number, DS, "f", data=b"%d" % number)) is None
    slow.store.abort(DS, 2)
    slow.mark.write_text("")
    assert slow.store.perform(Append(4, DS, "f", data=b"4")) is None, "not before what was asked for earlier"
    assert [outcome.request for outcome in slow.at(1)] == [1, 3, 4]
    assert (tmp_path / DS / "f").read_bytes() == b"134"
    assert slow.store.perform(Read(5, DS, "f")) is not None


@pytest.mark.parametrize("text", ["", "-5", "soon", "1e3", "9" * 30])
def test_a_mark_that_says_nothing_slows_nothing_down_for_ever(text: str, tmp_path: Path) -> None:
    slow = _Slow(tmp_path)
    slow.mark.write_text(text)
    if slow.store.perform(Touch(1, DS, "f")) is None:
        due_ns = slow.store.due_ns()
        assert due_ns is not None
        assert due_ns <= 3_600_000_000_000
