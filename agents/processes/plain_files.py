"""Files that others may have replaced: opened without following a link, regular ones only, read within a limit.

Every program with access to a datastore can put anything in the place of a file: a link to a file of the machine, a
pipe that blocks, a device without end, a folder, a file of a terabyte. This module decides that none of these is opened
for use. It leaves to its callers what an unusable file means to them.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

READ_MAX = 8_000_000
"""Bytes read of one file: the protected list of a thousand VMs has 60,000."""
_BLOCK = 1 << 20
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Unusable(OSError):
    """What is there is not a regular file of a reasonable size."""


def open_folder(path: str, start: int, *, make: bool = False) -> int:
    """The folder `path` below the folder `start`, as a descriptor for `dir_fd`; no part of the path may be a link.
    `make`: folders that are missing are made. Raises FileNotFoundError, and other OSErrors as the kernel does."""
    folder = os.open(".", _FOLDER, dir_fd=start)
    for part in filter(None, path.split("/")):
        try:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=folder)
            inner = os.open(part, _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def open_plain(name: str, flags: int, folder: int, mode: int = 0o644) -> int:
    """A regular file of a folder. Raises Unusable for anything else, and OSErrors as the kernel does: ELOOP for a link,
    ENXIO for a socket or a pipe without a reader, EISDIR for a folder that is to be written."""
    file = os.open(name, flags | _SAFE, mode, dir_fd=folder)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise Unusable(0, "it is not a regular file", name)


def read_plain(file: int, offset: int = 0, length: int | None = None, limit: int = READ_MAX) -> bytes:
    """`length` bytes, or all, from `offset` on, in blocks. Raises Unusable when that is more than `limit`: no memory is
    taken for what a file only claims to hold."""
    wanted = max(0, os.fstat(file).st_size - offset) if length is None else length
    if wanted > limit:
        raise Unusable(0, f"{wanted} bytes, more than the limit of {limit}")
    blocks = []
    while wanted > 0 and (block := os.pread(file, min(wanted, _BLOCK), offset)):
        blocks.append(block)
        offset += len(block)
        wanted -= len(block)
    return b"".join(blocks)


def read_file(path: str, folder: int, limit: int = READ_MAX) -> bytes:
    """The whole file below a folder. Raises OSError, Unusable among them."""
    parent, _, name = path.rpartition("/")
    inside = open_folder(parent, folder)
    try:
        file = open_plain(name, os.O_RDONLY, inside)
    finally:
        os.close(inside)
    try:
        return read_plain(file, limit=limit)
    finally:
        os.close(file)


def stamp_of(name: str, folder: int) -> int | None:
    """When a regular file last changed, nanoseconds of the kernel's clock; None without one."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_mtime_ns if stat.S_ISREG(found.st_mode) else None
