"""Files that others replaced: whatever is in a file's place, nothing hangs, nothing is followed, no memory is taken."""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
from herzschlag.agents.processes import store
from herzschlag.agents.processes.plain_files import READ_MAX, Unusable, read_file
from herzschlag.agents.processes.tmpfs_store import TmpfsDatastores
from tests.unit.agents.ha.scripted import cluster

DS = "vmfs-1"
FILE = "folder/file"


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    """A reader that believed what a file claims to hold would take the machine's memory: here it fails at once."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 500_000_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        here = Path.cwd()
        os.chdir(path.parent)  # its path must be short
        end.bind(path.name)
        os.chdir(here)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


KINDS: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "pipe": os.mkfifo,
    "socket": _socket,
    "link to a device that never ends": lambda path: path.symlink_to("/dev/zero"),
    "link to a device that is full": lambda path: path.symlink_to("/dev/full"),
    "link to a file": lambda path: path.symlink_to("/etc/passwd"),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
}
USES: tuple[AnyIo, ...] = (
    Read(1, DS, FILE),
    Read(1, DS, FILE, length=SECTOR),
    Append(1, DS, FILE, data=b"x"),
    WriteSector(1, DS, FILE, data=bytes(SECTOR)),
    SetIf(1, DS, FILE, expected=bytes(SECTOR), data=b"x" * SECTOR),
    Touch(1, DS, FILE),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / DS / "folder").mkdir(parents=True)
    return tmp_path / DS / FILE


def perform(place: Path, request: AnyIo) -> Outcome:
    outcome = TmpfsDatastores(place.parents[2]).perform(request)
    assert outcome is not None
    return outcome


@pytest.mark.parametrize("use", USES, ids=lambda use: type(use).__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_regular_file_is_damaged_and_stays_as_it_is(place: Path, kind: str, use: AnyIo) -> None:
    KINDS[kind](place)
    before = Path("/etc/passwd").stat().st_mtime_ns
    assert perform(place, use).status == "damaged"
    assert Path("/etc/passwd").stat().st_mtime_ns == before
    assert not (place.parent / "nowhere").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_replaced_and_removed_but_for_a_folder(place: Path, kind: str) -> None:
    KINDS[kind](place)
    assert perform(place, Stat(1, DS, FILE)).status == "missing"
    wanted = "damaged" if kind == "folder" else "ok"
    assert perform(place, Replace(2, DS, FILE, data=b"new")).status == wanted
    assert [path.name for path in place.parent.iterdir()] == ["file"], "no temporary file is left"
    if kind != "folder":
        assert place.read_bytes() == b"new" and not place.is_symlink()
    assert perform(place, Remove(3, DS, FILE)).status == wanted


def test_a_file_of_a_terabyte_is_damaged_for_who_reads_it_whole(place: Path) -> None:
    _huge(place)
    assert perform(place, Read(1, DS, FILE)).status == "damaged"
    assert perform(place, Read(1, DS, FILE, length=1 << 50)).status == "damaged"
    assert perform(place, Read(1, DS, FILE, length=SECTOR)).data == bytes(SECTOR)
    folder = os.open(place.parent, os.O_PATH)
    with pytest.raises(Unusable, match=str(READ_MAX)):
        read_file("file", folder)
    os.close(folder)


@pytest.mark.parametrize("use", [*USES, Replace(1, DS, FILE, data=b"x")], ids=lambda use: type(use).__name__)
def test_a_link_in_the_place_of_a_folder_is_not_followed(place: Path, tmp_path: Path, use: AnyIo) -> None:
    (tmp_path / "elsewhere").mkdir()
    place.parent.rmdir()
    place.parent.symlink_to(tmp_path / "elsewhere")
    assert perform(place, use).status == "damaged"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_damaged(place: Path) -> None:
    place.parent.rmdir()
    place.parent.write_bytes(b"")
    for use in (*USES, ListFolder(1, DS, "folder")):
        assert perform(place, use).status == "damaged"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
def test_a_file_that_may_not_be_read_is_damaged(place: Path) -> None:
    place.touch(mode=0)
    assert perform(place, Read(1, DS, FILE)).status == "damaged"


def test_a_local_disk_that_cannot_be_written_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCAL", tmp_path)
    assert store.kept_config() is None
    assert store.keep_config(cluster(generation=1))
    (tmp_path / ".config.tmp").symlink_to(tmp_path / "elsewhere")
    assert not store.keep_config(cluster(generation=2))
    assert not (tmp_path / "elsewhere").exists()
    (tmp_path / ".config.tmp").unlink()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))  # what is written fails, as on a disk that is full
    try:
        assert not store.keep_config(cluster(generation=2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = store.kept_config()
    assert kept is not None and kept.generation == 1


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\xa2ab", b"\x91" * 5_000])
def test_a_local_disk_with_something_else_is_as_one_with_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(store, "LOCAL", tmp_path)
    (tmp_path / "config").write_bytes(content)
    assert store.kept_config() is None
