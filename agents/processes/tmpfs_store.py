"""Datastores as directories: carries the requests of `datastore/requests.py` out on a real file system.

This module decides how each request becomes system calls so that hosts in different processes may share a directory,
and so that a writer killed at any byte leaves the old or the new, never half (Append alone may tear). It leaves to the
driver when hanging requests are tried again.

A host sees its datastores below one root, each a mount of its own. A fault replaces a mount by a dead directory that
holds a file `.apd` (I/O hangs) or `.pdl` (I/O fails), so every request opens the mount anew, and looks for the mark
and for its file through the same descriptor.

There is no fsync: tmpfs has nothing to sync to, and the "power loss" of a host kills processes, not the file system.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
    TestAndSet,
    Touch,
    WriteSector,
)
from herzschlag.agents.processes.plain_files import open_folder, open_plain, read_plain, stamp_of

_WRITE = os.O_RDWR | os.O_CREAT
TEMPORARY = ".tmp~"
"""Ends the names of files being written. Readers never see them; those of dead writers are removed."""
HANGS, LOST = ".apd", ".pdl"
"""Marks in a dead directory."""
_REPLACE_TRIES = 100
"""A cleaner may take a temporary file from its writer in the instant before it is locked; the writer tries again."""
_LOST_ERRORS = frozenset(
    {errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.EROFS, errno.ENOSPC}
)
_OWN_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EBADF, errno.EFAULT})
"""This process is in trouble, and not the datastore. All others are about the file: it is damaged."""


class TmpfsDatastores:
    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._hanging: dict[str, dict[int, AnyIo]] = {}
        """Datastore to requests, in the order they were asked."""
        self._cleaned: set[tuple[str, str]] = set()
        self._perform: dict[type[Any], Callable[[int, Any], Outcome]] = {
            Read: self._read,
            WriteSector: self._write_sector,
            Append: self._append,
            TestAndSet: self._test_and_set,
            Replace: self._replace,
            Touch: self._touch,
            Stat: self._stat,
            Remove: self._remove,
            ListFolder: self._list_folder,
        }

    def perform(self, request: AnyIo) -> Outcome | None:
        """Carry it out. None: it hangs, and `retry` will bring its outcome."""
        hanging = self._hanging.get(request.datastore)
        outcome = None if hanging else self._try(request)
        if outcome is None:
            self._hanging.setdefault(request.datastore, {})[request.request] = request
        return outcome

    def retry(self) -> list[Outcome]:
        """Try what hangs again, in order."""
        outcomes = []
        for datastore, hanging in list(self._hanging.items()):
            for number, request in list(hanging.items()):
                outcome = self._try(request)
                if outcome is None:
                    break
                del hanging[number]
                outcomes.append(outcome)
            if not hanging:
                del self._hanging[datastore]
        return outcomes

    def abort(self, datastore: str, request: int) -> None:
        """Forget a hanging request."""
        hanging = self._hanging.get(datastore, {})
        hanging.pop(request, None)
        if not hanging:
            self._hanging.pop(datastore, None)

    def _try(self, request: AnyIo) -> Outcome | None:
        if request.path.startswith("/") or ".." in request.path.split("/"):
            raise ValueError(f"path {request.path!r}: must be relative to the datastore and stay inside it")
        try:
            mount = os.open(f"{self._root}/{request.datastore}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return Outcome(request.request, "lost")  # Nothing is mounted there at all.
        try:
            if _exists(HANGS, mount):
                return None
            if _exists(LOST, mount):
                return Outcome(request.request, "lost")
            return self._perform[type(request)](mount, request)
        except OSError as error:
            if error.errno in _OWN_ERRORS:
                raise
            # A pipe or socket in a file's place answers ENXIO, as a device that is gone does.
            lost = error.errno in _LOST_ERRORS and not (error.errno == errno.ENXIO and _is_there(request.path, mount))
            return Outcome(request.request, "lost" if lost else "damaged")
        finally:
            os.close(mount)

    # --- The requests -------------------------------------------------------------------------------------------------

    def _read(self, mount: int, request: Read) -> Outcome:
        try:
            with _opened(mount, request.path, os.O_RDONLY) as file:
                return Outcome(request.request, "ok", read_plain(file, request.offset, request.length))
        except FileNotFoundError:
            return Outcome(request.request, "missing")

    def _write_sector(self, mount: int, request: WriteSector) -> Outcome:
        with _opened(mount, request.path, _WRITE) as file:
            os.pwrite(file, request.data, request.offset)
            _stamp(file)
        return Outcome(request.request, "ok")

    def _append(self, mount: int, request: Append) -> Outcome:
        with _opened(mount, request.path, _WRITE | os.O_APPEND) as file:
            os.write(file, request.data)
            _stamp(file)
        return Outcome(request.request, "ok")

    def _test_and_set(self, mount: int, request: TestAndSet) -> Outcome:
        with _opened(mount, request.path, _WRITE) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            found = os.pread(file, SECTOR, request.offset).ljust(SECTOR, b"\0")
            if found != request.expected:
                return Outcome(request.request, "mismatch", found)
            os.pwrite(file, request.data, request.offset)
            _stamp(file)
        return Outcome(request.request, "ok")

    def _replace(self, mount: int, request: Replace) -> Outcome:
        path, _, name = request.path.rpartition("/")
        folder = open_folder(path, mount, make=True)
        try:
            self._clean(folder, request.datastore, path)
            for _ in range(_REPLACE_TRIES):
                temporary = f".{name}.{os.urandom(8).hex()}{TEMPORARY}"
                file = open_plain(temporary, _WRITE | os.O_EXCL, folder)
                try:
                    # Locked, a temporary file has a living writer; unlocked, any host that finds it may remove it.
                    fcntl.flock(file, fcntl.LOCK_EX)
                    _write_all(file, request.data)
                    _stamp(file, stamp_of(name, folder))
                    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                except FileNotFoundError:
                    continue
                except OSError:
                    with suppress(OSError):
                        os.unlink(temporary, dir_fd=folder)
                    raise
                finally:
                    os.close(file)
                return Outcome(request.request, "ok")
        finally:
            os.close(folder)
        raise AssertionError(f"{request.path}: {_REPLACE_TRIES} temporary files in a row were taken away")

    def _touch(self, mount: int, request: Touch) -> Outcome:
        with _opened(mount, request.path, _WRITE) as file:
            _stamp(file)
        return Outcome(request.request, "ok")

    def _stat(self, mount: int, request: Stat) -> Outcome:
        stamp = None
        with suppress(FileNotFoundError), _folder_of(mount, request.path) as (folder, name):
            stamp = stamp_of(name, folder)
        if stamp is None:
            return Outcome(request.request, "missing")
        return Outcome(request.request, "ok", b"", stamp)

    def _remove(self, mount: int, request: Remove) -> Outcome:
        with suppress(FileNotFoundError), _folder_of(mount, request.path) as (folder, name):
            os.unlink(name, dir_fd=folder)
        return Outcome(request.request, "ok")

    def _list_folder(self, mount: int, request: ListFolder) -> Outcome:
        try:
            folder = open_folder(request.path, mount)
        except FileNotFoundError:
            return Outcome(request.request, "missing")
        try:
            names = sorted(name for name in _names(folder) if not name.endswith(TEMPORARY))
        finally:
            os.close(folder)
        return Outcome(request.request, "ok", "\n".join(names).encode())

    def _clean(self, folder: int, datastore: str, path: str) -> None:
        """Once a folder: remove what dead writers left."""
        if (datastore, path) in self._cleaned:
            return
        self._cleaned.add((datastore, path))
        for name in _names(folder):
            if name.endswith(TEMPORARY):
                _remove_if_ownerless(name, folder)


@contextmanager
def _folder_of(mount: int, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder in which a file is, and the file's name there."""
    parent, _, name = path.rpartition("/")
    folder = open_folder(parent, mount, make=make)
    try:
        yield folder, name
    finally:
        os.close(folder)


@contextmanager
def _opened(mount: int, path: str, flags: int) -> Iterator[int]:
    """A file; for writing, it and its folders are made if missing."""
    with _folder_of(mount, path, make=bool(flags & os.O_CREAT)) as (folder, name):
        file = open_plain(name, flags, folder)
    try:
        yield file
    finally:
        os.close(file)


def _names(folder: int) -> list[str]:
    """A descriptor for paths cannot be read: it is opened again for that."""
    readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.listdir(readable)  # noqa: PTH208 (a descriptor, not a path)
    finally:
        os.close(readable)


def _is_there(path: str, mount: int) -> bool:
    with suppress(OSError):
        os.stat(path, dir_fd=mount, follow_symlinks=False)
        return True
    return False


def _exists(name: str, mount: int) -> bool:
    try:
        os.stat(name, dir_fd=mount)
    except FileNotFoundError:
        return False
    return True


def _stamp(file: int, before: int | None = None) -> None:
    """Let the file's time stamp grow: the kernel's own moves only with its tick of some milliseconds."""
    if before is None:
        before = os.fstat(file).st_mtime_ns
    now = max(time.time_ns(), before + 1)
    os.utime(file, ns=(now, now))


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _remove_if_ownerless(name: str, folder: int) -> None:
    try:
        file = open_plain(name, os.O_RDWR, folder)
    except OSError:
        return  # It is gone, or not a file of ours.
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=folder)
    except (BlockingIOError, FileNotFoundError):
        pass
    finally:
        os.close(file)
