"""One suite for both implementations of datastore I/O: the simulator must behave as files do."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.agents.datastore.memory_store import MemoryDatastores
from herzschlag.agents.datastore.requests import (
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
from herzschlag.agents.processes.tmpfs_store import CONTENT, HANGS, LOST, STALE, TEMPORARY, TmpfsDatastores

DS = "vmfs-1"
A, B, ZERO = b"a" * SECTOR, b"b" * SECTOR, bytes(SECTOR)


class Store(Protocol):
    """One host's view of one datastore."""

    def perform(self, request: AnyIo) -> Outcome | None: ...
    def abort(self, datastore: str, request: int) -> None: ...
    def access(self, access: Any) -> list[Outcome]: ...


class Memory:
    def __init__(self) -> None:
        self.datastores = MemoryDatastores([DS])

    def perform(self, request: AnyIo) -> Outcome | None:
        return self.datastores.perform(request, "host-98")

    def abort(self, datastore: str, request: int) -> None:
        self.datastores.abort("host-98", datastore, request)

    def access(self, access: Any) -> list[Outcome]:
        return [outcome for _, outcome in self.datastores.set_access("host-98", DS, access)]


class Files:
    """A live directory that is moved aside for a dead one, as the mounts of a lab are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.live = root / "live"
        self.live.mkdir()
        self.store = TmpfsDatastores(root)
        (root / DS).symlink_to(self.live)

    def perform(self, request: AnyIo) -> Outcome | None:
        return self.store.perform(request)

    def abort(self, datastore: str, request: int) -> None:
        self.store.abort(datastore, request)

    def access(self, access: Any) -> list[Outcome]:
        shown = self.root / f"{STALE}{DS}"
        shutil.rmtree(shown, ignore_errors=True)
        if access == "stale":
            shutil.copytree(self.live, shown / CONTENT)
            return []
        (self.root / DS).unlink()
        if access == "ok":
            (self.root / DS).symlink_to(self.live)
        else:
            dead = self.root / f"dead-{access}"
            dead.mkdir(exist_ok=True)
            (dead / (HANGS if access == "apd" else LOST)).touch()
            (self.root / DS).symlink_to(dead)
        return self.store.retry()


@pytest.fixture(params=["memory", "tmpfs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield Memory() if request.param == "memory" else Files(tmp_path)


def done(store: Store, request: AnyIo) -> Outcome:
    outcome = store.perform(request)
    assert outcome is not None
    assert outcome.request == request.request
    return outcome


def test_a_missing_file_is_missing_to_readers_alone(store: Store) -> None:
    assert done(store, Read(1, DS, "folder/file")).status == "missing"
    assert done(store, Stat(2, DS, "folder/file")).status == "missing"
    assert done(store, ListFolder(3, DS, "folder")).status == "missing"
    assert done(store, Remove(4, DS, "folder/file")).status == "ok"


def test_what_was_written_is_read(store: Store) -> None:
    done(store, Replace(1, DS, "folder/file", data=b"one"))
    assert done(store, Read(2, DS, "folder/file")).data == b"one"
    done(store, Replace(3, DS, "folder/file", data=b""))
    assert done(store, Read(4, DS, "folder/file")) == Outcome(4, "ok", b"")
    done(store, Append(5, DS, "folder/file", data=b"two"))
    done(store, Append(6, DS, "folder/file", data=b"three"))
    assert done(store, Read(7, DS, "folder/file", offset=3, length=4)).data == b"thre"
    assert done(store, Read(8, DS, "folder/file", offset=99)).data == b""


def test_sectors_grow_the_file_with_zeros(store: Store) -> None:
    done(store, WriteSector(1, DS, "region", offset=2 * SECTOR, data=A))
    assert done(store, Read(2, DS, "region")).data == ZERO + ZERO + A
    done(store, WriteSector(3, DS, "region", offset=0, data=B))
    assert done(store, Read(4, DS, "region")).data == B + ZERO + A


def test_test_and_set_takes_zeros_where_nothing_is_and_shows_what_it_found(store: Store) -> None:
    """Two hosts that take one lock at once must not both succeed."""
    assert done(store, SetIf(1, DS, "lock", offset=SECTOR, expected=ZERO, data=A)).status == "ok"
    assert done(store, SetIf(2, DS, "lock", offset=SECTOR, expected=ZERO, data=B)) == Outcome(2, "mismatch", A)
    assert done(store, SetIf(3, DS, "lock", offset=SECTOR, expected=A, data=B)).status == "ok"
    assert done(store, Read(4, DS, "lock")).data == ZERO + B


def test_every_change_and_touch_grows_the_stamp(store: Store) -> None:
    """A heartbeat on NFS is a moving stamp: two touches in one tick of the kernel's clock must both show."""
    stamps = []
    changes: list[AnyIo] = [
        Touch(1, DS, "f"),
        Touch(2, DS, "f"),
        Append(3, DS, "f", data=b"x"),
        WriteSector(4, DS, "f", offset=0, data=A),
        Replace(5, DS, "f", data=b"new"),
        Touch(6, DS, "f"),
        SetIf(7, DS, "f", offset=SECTOR, expected=ZERO, data=A),
    ]
    for change in changes:
        done(store, change)
        stamps.append(done(store, Stat(100, DS, "f")).stamp)
    assert stamps == sorted(set(stamps))
    done(store, Read(8, DS, "f"))
    assert done(store, SetIf(9, DS, "f", offset=SECTOR, expected=B, data=A)).status == "mismatch"
    assert done(store, Stat(101, DS, "f")).stamp == stamps[-1]


def test_a_stale_datastore_shows_what_it_held_and_takes_what_is_written(store: Store) -> None:
    """A lock is taken or not by what is there, whatever its taker reads; what it wrote shows later."""
    done(store, Replace(1, DS, "vm/file", data=b"before"))
    done(store, SetIf(2, DS, "lock", offset=0, expected=ZERO, data=A))
    stamp = done(store, Stat(3, DS, "vm/file")).stamp
    store.access("stale")
    done(store, Replace(4, DS, "vm/file", data=b"after"))
    done(store, Touch(5, DS, "vm/new"))
    assert done(store, SetIf(6, DS, "lock", offset=0, expected=A, data=B)).status == "ok"
    assert done(store, Read(7, DS, "vm/file")).data == b"before"
    assert done(store, Stat(8, DS, "vm/file")).stamp == stamp
    assert done(store, Read(9, DS, "lock")).data == A
    assert done(store, Read(10, DS, "vm/new")).status == "missing"
    assert done(store, ListFolder(11, DS, "vm")).data == b"file"
    assert done(store, SetIf(12, DS, "lock", offset=0, expected=A, data=A)) == Outcome(12, "mismatch", B)
    store.access("ok")
    assert done(store, Read(13, DS, "vm/file")).data == b"after"
    assert done(store, ListFolder(14, DS, "vm")).data == b"file\nnew"


def test_folders_list_names_and_stay_when_empty(store: Store) -> None:
    for number, path in enumerate(["vm/b", "vm/a", "vm/sub/c", "top"]):
        done(store, Touch(number, DS, path))
    assert done(store, ListFolder(10, DS, "vm")).data == b"a\nb\nsub"
    assert done(store, ListFolder(11, DS, "")).data == b"top\nvm"
    done(store, Remove(12, DS, "vm/sub/c"))
    assert done(store, Read(13, DS, "vm/sub/c")).status == "missing"
    assert done(store, ListFolder(14, DS, "vm/sub")) == Outcome(14, "ok", b"")


def test_all_paths_down_hangs_and_is_carried_out_in_order_later(store: Store) -> None:
    done(store, Replace(1, DS, "f", data=b"before"))
    assert store.access("apd") == []
    assert store.perform(Replace(2, DS, "f", data=b"after")) is None
    assert store.perform(Read(3, DS, "f")) is None
    assert store.perform(Replace(4, DS, "f", data=b"withdrawn")) is None
    store.abort(DS, 4)
    assert store.access("ok") == [Outcome(2, "ok"), Outcome(3, "ok", b"after")]
    assert done(store, Read(5, DS, "f")).data == b"after"


def test_permanent_loss_fails_and_ends_hanging(store: Store) -> None:
    done(store, Replace(1, DS, "f", data=b"before"))
    store.access("apd")
    assert store.perform(Replace(2, DS, "f", data=b"never")) is None
    assert store.access("pdl") == [Outcome(2, "lost")]
    assert done(store, Replace(3, DS, "f", data=b"never")).status == "lost"
    store.access("ok")
    assert done(store, Read(4, DS, "f")).data == b"before"


PATHS = st.sampled_from(["a", "b", "vm/a", "vm/b"])
BYTES = st.binary(max_size=40)
SECTORS = st.sampled_from([A, B, ZERO])
OFFSETS = st.sampled_from([0, SECTOR, 3 * SECTOR])


@st.composite
def requests(draw: st.DrawFn) -> AnyIo:
    path = draw(PATHS)
    request: AnyIo = draw(
        st.one_of(
            st.builds(lambda data: Replace(0, DS, path, data=data), BYTES),
            st.builds(lambda data: Append(0, DS, path, data=data), BYTES),
            st.builds(lambda data, at: WriteSector(0, DS, path, offset=at, data=data), SECTORS, OFFSETS),
            st.builds(
                lambda old, new, at: SetIf(0, DS, path, offset=at, expected=old, data=new),
                SECTORS,
                SECTORS,
                OFFSETS,
            ),
            st.sampled_from(
                [Touch(0, DS, path), Remove(0, DS, path), Read(0, DS, path), ListFolder(0, DS, "vm")],
            ),
            st.builds(lambda at: Read(0, DS, path, offset=at, length=SECTOR), OFFSETS),
        )
    )
    return request


@given(st.lists(st.one_of(requests(), st.sampled_from(["apd", "pdl", "ok"])), max_size=30))
@settings(deadline=None, max_examples=150)
def test_both_say_the_same_whatever_happens(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, files = Memory(), Files(Path(folder))
        for step in [*steps, "ok"]:
            if isinstance(step, str):
                assert memory.access(step) == files.access(step)
            else:
                assert memory.perform(step) == files.perform(step)


# --- Datastores that take no writes -----------------------------------------------------------------------------------


def full(data: bytes) -> MemoryDatastores:
    store = MemoryDatastores([DS])
    store.perform(Append(1, DS, "disk", data=data), "host-98")
    store.perform(SetIf(2, DS, "lock", offset=0, expected=ZERO, data=A), "host-98")
    for host in ("host-98", "host-99"):
        store.set_access(host, DS, "full")
    return store


def test_a_full_datastore_writes_in_place_and_gives_no_block() -> None:
    """As a tmpfs does that is not larger than what it holds; the lab's own test is about a real one."""
    store = full(bytes(4090))
    assert store.perform(SetIf(3, DS, "lock", offset=0, expected=A, data=B), "host-99") == Outcome(3, "ok")
    assert store.perform(Append(4, DS, "disk", data=bytes(6)), "host-98") == Outcome(4, "ok")
    assert store.perform(Append(5, DS, "disk", data=b"x"), "host-98") == Outcome(5, "full")
    assert store.perform(Replace(6, DS, "list", data=b"x"), "host-98") == Outcome(6, "full")
    assert store.perform(SetIf(7, DS, "new", offset=0, expected=ZERO, data=A), "host-98") == Outcome(7, "full")
    assert store.perform(Read(8, DS, "lock"), "host-98") == Outcome(8, "ok", B)
    store.set_access("host-98", DS, "ok")
    assert store.perform(Append(9, DS, "disk", data=b"x"), "host-98") == Outcome(9, "full"), "host-99 says it is full"
    store.set_access("host-99", DS, "ok")
    assert store.perform(Append(10, DS, "disk", data=b"x"), "host-98") == Outcome(10, "ok")


def test_an_append_to_a_full_datastore_tears_at_the_end_of_the_block() -> None:
    store = full(bytes(4094))
    assert store.perform(Append(3, DS, "disk", data=b"xyz"), "host-98") == Outcome(3, "full")
    assert store.content(DS, "disk") == bytes(4094) + b"xy"


def test_a_file_that_is_removed_leaves_its_blocks_to_others() -> None:
    store = full(bytes(4096))
    store.perform(Remove(3, DS, "disk"), "host-98")
    assert store.perform(Replace(4, DS, "list", data=b"x"), "host-98") == Outcome(4, "ok")


def test_a_host_that_may_only_read_reads_and_the_others_write() -> None:
    store = MemoryDatastores([DS])
    store.perform(Replace(1, DS, "f", data=b"old"), "host-98")
    store.set_access("host-98", DS, "read-only")
    for request in (Replace(2, DS, "f", data=b"new"), Touch(3, DS, "f"), Remove(4, DS, "f")):
        assert store.perform(request, "host-98") == Outcome(request.request, "read-only")
    assert store.perform(Read(5, DS, "f"), "host-98") == Outcome(5, "ok", b"old")
    assert store.perform(Replace(6, DS, "f", data=b"new"), "host-99") == Outcome(6, "ok")


# --- Writers that die -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["replace", "sector", "test-and-set"])
def test_a_writer_that_dies_at_any_byte_leaves_old_or_new(change: str) -> None:
    for at in range(SECTOR + 1):
        store = MemoryDatastores([DS])
        assert store.perform(Replace(1, DS, "f", data=A), "host-98") is not None
        changes: dict[str, AnyIo] = {
            "replace": Replace(2, DS, "f", data=B),
            "sector": WriteSector(2, DS, "f", offset=0, data=B),
            "test-and-set": SetIf(2, DS, "f", offset=0, expected=A, data=B),
        }
        request = changes[change]
        assert store.perform(request, "host-98", die_after_bytes=at) is None
        assert store.content(DS, "f") == (B if at == SECTOR else A)


def test_an_append_tears_at_the_very_byte() -> None:
    for at in range(4):
        store = MemoryDatastores([DS])
        store.perform(Append(1, DS, "f", data=b"xyz"), "host-98", die_after_bytes=at)
        assert (store.content(DS, "f") or b"") == b"xyz"[:at]


def test_a_temporary_file_of_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415 (this test alone plays the other writer)

    store = Files(tmp_path)
    alive = store.live / f".f.alive{TEMPORARY}"
    (store.live / f".f.dead{TEMPORARY}").write_bytes(b"half")
    with alive.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done(store, Replace(1, DS, "f", data=b"x"))
        assert sorted(os.listdir(store.live)) == [alive.name, "f"]  # noqa: PTH208


def test_a_path_out_of_the_datastore_is_refused(tmp_path: Path) -> None:
    store = Files(tmp_path)
    for path in ("/etc/x", "../x", "vm/../../x"):
        with pytest.raises(ValueError, match="must be relative"):
            store.perform(Read(1, DS, path))
