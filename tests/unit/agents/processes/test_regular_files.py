"""Hostile things at the paths of our files: each is refused at once, without memory, and says whose trouble it is."""

from __future__ import annotations

import errno
import os
import socket
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from herzschlag.agents.processes import regular_files as files

TERABYTE = 1 << 40


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, TERABYTE)


HOSTILE: dict[str, Callable[[Path], None]] = {
    "folder": lambda path: path.mkdir(),
    "FIFO": os.mkfifo,
    "link to /dev/full": lambda path: path.symlink_to("/dev/full"),
    "link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "link to a file of the machine": lambda path: path.symlink_to("/etc/passwd"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "socket": _socket,
    "terabyte": _sparse,
}
"""What can lie at a path, made without any privilege."""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    folder = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield folder
    os.close(folder)


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_but_a_short_regular_file_is_read(what: str, root: int, tmp_path: Path) -> None:
    HOSTILE[what](tmp_path / "f")
    tracemalloc.start()
    with pytest.raises(OSError) as raised:
        files.read_regular(root, "f")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert files.trouble(raised.value) == "damaged"
    assert peak < 1_000_000


@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero"])
def test_a_device_itself_is_refused(device: str) -> None:
    dev = os.open("/dev", os.O_PATH | os.O_DIRECTORY)
    with pytest.raises(files.NotRegularError, match="not a regular file"):
        files.open_regular(dev, Path(device).name, os.O_RDWR)
    os.close(dev)


def test_a_link_in_the_middle_of_a_path_is_not_followed(root: int, tmp_path: Path) -> None:
    (tmp_path / "vm").symlink_to("/etc")
    for use in (files.read_regular, files.open_regular, files.stat_regular):
        with pytest.raises(NotADirectoryError):
            use(root, "vm/passwd")
    with pytest.raises(NotADirectoryError):
        files.make_folders(root, "vm/new/file")
    assert not Path("/etc/new").exists()


def test_a_file_that_may_not_be_read_is_damaged(root: int, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "f").chmod(0)
    tmp_path.chmod(0o755)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)  # root may read everything
    try:
        with pytest.raises(PermissionError) as raised:
            files.read_regular(root, "f")
    finally:
        os.seteuid(before)
    assert files.trouble(raised.value) == "damaged"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "lost"),
        (errno.ESTALE, "lost"),
        (errno.EISDIR, "damaged"),
        (errno.ENOTDIR, "damaged"),
        (errno.ESPIPE, "damaged"),
        (errno.ENXIO, "damaged"),
    ],
)
def test_every_error_says_whose_trouble_it_is(number: int, said: str) -> None:
    assert files.trouble(OSError(number, "")) == said


def test_what_the_machine_lacks_is_not_blamed_on_a_datastore() -> None:
    with pytest.raises(OSError, match="descriptors"):
        files.trouble(OSError(errno.EMFILE, "no descriptors"))


def test_a_long_file_comes_in_blocks_and_never_above_its_bound(root: int, tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"x" * (files.BLOCK_BYTES + 5))
    assert [len(block) for block in files.blocks_of(root, "disk", 1 << 30)] == [files.BLOCK_BYTES, 5]
    with pytest.raises(files.NotRegularError, match="longer than 100 bytes"):
        next(files.blocks_of(root, "disk", 100))


def test_no_descriptor_is_left_behind(root: int, tmp_path: Path) -> None:
    for name, make in HOSTILE.items():
        make(tmp_path / name.replace("/", "-"))
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for name in HOSTILE:
        with suppress(OSError):
            files.read_regular(root, name.replace("/", "-"))
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
