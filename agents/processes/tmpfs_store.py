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
from collections.abc import Callable
from contextlib import suppress
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

TEMPORARY = ".tmp~"
"""Ends the names of files being written. Readers never see them; those of dead writers are removed."""
HANGS, LOST = ".apd", ".pdl"
"""Marks in a dead directory."""
_REPLACE_TRIES = 100
"""A cleaner may take a temporary file from its writer in the instant before it is locked; the writer tries again."""
_LOST_ERRORS = frozenset(
    {errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.EROFS, errno.ENOSPC}
)


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
            if error.errno in _LOST_ERRORS:
                return Outcome(request.request, "lost")
            raise
        finally:
            os.close(mount)

    # --- The requests -------------------------------------------------------------------------------------------------

    def _read(self, mount: int, request: Read) -> Outcome:
        try:
            file = os.open(request.path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=mount)
        except FileNotFoundError:
            return Outcome(request.request, "missing")
        try:
            length = os.fstat(file).st_size if request.length is None else request.length
            return Outcome(request.request, "ok", os.pread(file, length, request.offset))
        finally:
            os.close(file)

    def _write_sector(self, mount: int, request: WriteSector) -> Outcome:
        file = _open(mount, request.path)
        try:
            os.pwrite(file, request.data, request.offset)
            _stamp(file)
        finally:
            os.close(file)
        return Outcome(request.request, "ok")

    def _append(self, mount: int, request: Append) -> Outcome:
        file = _open(mount, request.path, os.O_APPEND)
        try:
            os.write(file, request.data)
            _stamp(file)
        finally:
            os.close(file)
        return Outcome(request.request, "ok")

    def _test_and_set(self, mount: int, request: TestAndSet) -> Outcome:
        file = _open(mount, request.path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            found = os.pread(file, SECTOR, request.offset).ljust(SECTOR, b"\0")
            if found != request.expected:
                return Outcome(request.request, "mismatch", found)
            os.pwrite(file, request.data, request.offset)
            _stamp(file)
        finally:
            os.close(file)
        return Outcome(request.request, "ok")

    def _replace(self, mount: int, request: Replace) -> Outcome:
        folder, _, name = request.path.rpartition("/")
        self._clean(mount, request.datastore, folder)
        for _ in range(_REPLACE_TRIES):
            temporary = f"{folder}/.{name}.{os.urandom(8).hex()}{TEMPORARY}".lstrip("/")
            file = _open(mount, temporary, os.O_EXCL)
            try:
                # Locked, a temporary file has a living writer; unlocked, any host that finds it may remove it.
                fcntl.flock(file, fcntl.LOCK_EX)
                _write_all(file, request.data)
                _stamp(file, _stamp_of(mount, request.path))
                os.rename(temporary, request.path, src_dir_fd=mount, dst_dir_fd=mount)
            except FileNotFoundError:
                continue
            finally:
                os.close(file)
            return Outcome(request.request, "ok")
        raise AssertionError(f"{request.path}: {_REPLACE_TRIES} temporary files in a row were taken away")

    def _touch(self, mount: int, request: Touch) -> Outcome:
        file = _open(mount, request.path)
        try:
            _stamp(file)
        finally:
            os.close(file)
        return Outcome(request.request, "ok")

    def _stat(self, mount: int, request: Stat) -> Outcome:
        stamp = _stamp_of(mount, request.path)
        if stamp is None:
            return Outcome(request.request, "missing")
        return Outcome(request.request, "ok", b"", stamp)

    def _remove(self, mount: int, request: Remove) -> Outcome:
        with suppress(FileNotFoundError):
            os.unlink(request.path, dir_fd=mount)
        return Outcome(request.request, "ok")

    def _list_folder(self, mount: int, request: ListFolder) -> Outcome:
        try:
            folder = os.open(request.path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=mount)
        except FileNotFoundError:
            return Outcome(request.request, "missing")
        try:
            names = sorted(name for name in os.listdir(folder) if not name.endswith(TEMPORARY))  # noqa: PTH208
        finally:
            os.close(folder)
        return Outcome(request.request, "ok", "\n".join(names).encode())

    def _clean(self, mount: int, datastore: str, folder: str) -> None:
        """Once a folder: remove what dead writers left."""
        if (datastore, folder) in self._cleaned:
            return
        self._cleaned.add((datastore, folder))
        try:
            found = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=mount)
        except FileNotFoundError:
            return
        try:
            for name in os.listdir(found):  # noqa: PTH208 (a descriptor, not a path)
                if name.endswith(TEMPORARY):
                    _remove_if_ownerless(name, found)
        finally:
            os.close(found)


def _exists(name: str, mount: int) -> bool:
    try:
        os.stat(name, dir_fd=mount)
    except FileNotFoundError:
        return False
    return True


def _open(mount: int, path: str, flags: int = 0) -> int:
    """Open for writing; file and folders are made if missing."""
    flags |= os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o644, dir_fd=mount)
    except FileNotFoundError:
        folder = ""
        for part in path.split("/")[:-1]:
            folder += part
            with suppress(FileExistsError):
                os.mkdir(folder, 0o755, dir_fd=mount)
            folder += "/"
        return os.open(path, flags, 0o644, dir_fd=mount)


def _stamp_of(mount: int, path: str) -> int | None:
    try:
        return os.stat(path, dir_fd=mount).st_mtime_ns
    except FileNotFoundError:
        return None


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
        file = os.open(name, os.O_RDWR | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name, dir_fd=folder)
    except (BlockingIOError, FileNotFoundError):
        pass
    finally:
        os.close(file)
