"""Regular files in folders that others write to as well: opened without following links, read up to a bound.

A program that can write to a datastore can put anything at a path: a link to a file of the machine or to an endless
device, a FIFO, a folder, a file of a terabyte. This module is the only place that opens such paths. It decides what is
opened at all, how much is read, and what an error means; it leaves to its callers what they do with a file.

Every part of a path is opened without following links, because a folder of a path can be a link as well.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

FILE_BYTES_MAX = 8 << 20
"""The longest file that is read whole. The largest is a protected list: 8,000 VMs (the most in a vSphere cluster) with
names of 80 bytes, and their reservations, are below 2 MB."""
BLOCK_BYTES = 1 << 20
"""Long files are read in blocks of this size, so that a reader needs little more memory than that."""

Trouble = Literal["damaged", "full", "read-only", "lost"]

_TROUBLES: dict[int, Trouble] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read-only",
    errno.EIO: "lost",
    errno.ESTALE: "lost",
    errno.ENOTCONN: "lost",
    errno.ETIMEDOUT: "lost",
}
"""What the file system itself reports; any other error is about what lies at the path."""
_OWN_FAILURES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Not the datastore's: the machine has run out of something, and no datastore may be blamed for that."""


class NotRegularError(OSError):
    """What lies at the path is not a regular file, or is longer than any file of ours."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(errno.EINVAL, what, path)


def trouble(error: OSError) -> Trouble:
    """What an error says of the datastore: `damaged` is about this path alone. An error of the machine is raised."""
    if error.errno in _OWN_FAILURES:
        raise error
    return _TROUBLES.get(error.errno or 0, "damaged")


@contextmanager
def folder_at(path: Path) -> Iterator[int]:
    """A folder of our own, below which paths may be anything, as a descriptor."""
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield held
    finally:
        os.close(held)


@contextmanager
def folder_of(root: int, path: str) -> Iterator[tuple[int, str]]:
    """The folder that a path lies in, as a descriptor, and the name in it."""
    *folders, name = path.split("/")
    held = root
    try:
        for folder in folders:
            inner = open_folder(held, folder)
            if held != root:
                os.close(held)
            held = inner
        yield held, name
    finally:
        if held != root:
            os.close(held)


def open_folder(root: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=root)


def make_folders(root: int, path: str) -> None:
    """Make the folders that a path lies in."""
    done = ""
    for part in path.split("/")[:-1]:
        done += part
        with folder_of(root, done) as (folder, name), suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=folder)
        done += "/"


def open_regular(root: int, path: str, flags: int = os.O_RDONLY) -> int:
    """Open the regular file at `path` below the folder `root`. A FIFO or a device is refused, and never waited for."""
    with folder_of(root, path) as (folder, name):
        file = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o644, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise NotRegularError(path, "not a regular file")
    return file


def stat_regular(root: int, path: str) -> os.stat_result:
    with folder_of(root, path) as (folder, name):
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        raise NotRegularError(path, "not a regular file")
    return found


def read_part(file: int, path: str, offset: int = 0, length: int | None = None) -> bytes:
    """Read `length` bytes, or all to the end, of an open file."""
    if length is None:
        length = max(0, os.fstat(file).st_size - offset)
    if length > FILE_BYTES_MAX:
        raise NotRegularError(path, f"longer than {FILE_BYTES_MAX} bytes")
    return os.pread(file, length, offset)


def write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def read_regular(root: int, path: str) -> bytes:
    """Read a whole file."""
    file = open_regular(root, path)
    try:
        return read_part(file, path)
    finally:
        os.close(file)


def blocks_of(root: int, path: str, bytes_max: int) -> Iterator[bytes]:
    """Read a long file block by block. A file above `bytes_max`, holes included, is refused before anything is read."""
    file = open_regular(root, path)
    try:
        left = os.fstat(file).st_size
        if left > bytes_max:
            raise NotRegularError(path, f"longer than {bytes_max} bytes")
        while left > 0 and (block := os.read(file, min(left, BLOCK_BYTES))):
            left -= len(block)
            yield block
    finally:
        os.close(file)
