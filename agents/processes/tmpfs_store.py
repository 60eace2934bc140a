"""Datastores as directories: carries the requests of `datastore/requests.py` out on a real file system.

This module decides how each request becomes system calls so that hosts in different processes may share a directory,
and so that a writer killed at any byte leaves the old or the new, never half (Append alone may tear). It leaves to the
driver when hanging requests are tried again, and to `processes/regular_files.py` what is opened at all: a program
that can write to a datastore can put anything at a path, and nothing there may end the process that meets it.

A host sees its datastores below one root, each a mount of its own. A fault replaces a mount by a dead directory that
holds a file `.apd` (I/O hangs) or `.pdl` (I/O fails), so every request opens the mount anew, and looks for the mark
and for its file through the same descriptor. Beside the mounts lie the marks of datastores that work, but badly:

    .slow-NAME      a file: each request to NAME waits for that many nanoseconds, then is carried out
    .stale-NAME/    a mount: reads of NAME are answered from the folder `content` in it

There is no fsync: tmpfs has nothing to sync to, and the "power loss" of a host kills processes, not the file system.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
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
from herzschlag.agents.processes.regular_files import (
    NotRegularError,
    folder_of,
    make_folders,
    open_folder,
    open_regular,
    read_part,
    stat_regular,
    trouble,
    write_all,
)

TEMPORARY = ".tmp~"
"""Ends the names of files being written. Readers never see them; those of dead writers are removed."""
HANGS, LOST = ".apd", ".pdl"
"""Marks in a dead directory."""
SLOW, STALE, CONTENT = ".slow-", ".stale-", "content"
"""Beginnings of the names of marks beside the mounts; the folder within the second."""
_DELAY_NS_MAX = 3_600_000_000_000
_READS = (Read, Stat, ListFolder)
_REPLACE_TRIES = 100
"""A cleaner may take a temporary file from its writer in the instant before it is locked; the writer tries again."""
_NAMES_MAX = 100_000
"""The most names in one folder that are listed: a folder of ours has three for each host or VM."""
_LOCK_TRIES, _LOCK_WAIT_S = 20, 0.001
"""How long a file's lock is waited for: others hold it for microseconds, but a frozen host for as long as it is frozen.
"""


class TmpfsDatastores:
    def __init__(self, root: Path, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._root = str(root)
        self._clock_ns = clock_ns
        self._waiting: dict[str, dict[int, tuple[int, AnyIo]]] = {}
        """Slow datastore to requests, with when each is due, in the order they were asked."""
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
        """Carry it out. None: it waits or hangs, and `retry` will bring its outcome."""
        delay_ns = self._delay_ns(request.datastore)
        if delay_ns or request.datastore in self._waiting:
            waiting = self._waiting.setdefault(request.datastore, {})
            waiting[request.request] = (self._clock_ns() + delay_ns, request)
            return None
        return self._now(request)

    def due_ns(self) -> int | None:
        """When `retry` will find the next request of a slow datastore due."""
        return min((next(iter(waiting.values()))[0] for waiting in self._waiting.values()), default=None)

    def _now(self, request: AnyIo) -> Outcome | None:
        hanging = self._hanging.get(request.datastore)
        outcome = None if hanging else self._try(request)
        if outcome is None:
            self._hanging.setdefault(request.datastore, {})[request.request] = request
        return outcome

    def retry(self) -> list[Outcome]:
        """Carry out what is due, and try what hangs again, in order."""
        outcomes = []
        for datastore, waiting in list(self._waiting.items()):
            slow = self._delay_ns(datastore) > 0
            for number, (due_ns, request) in list(waiting.items()):
                if slow and due_ns > self._clock_ns():
                    break
                del waiting[number]
                if (outcome := self._now(request)) is not None:
                    outcomes.append(outcome)
            if not waiting:
                del self._waiting[datastore]
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
        """Forget a request that waits or hangs."""
        for unanswered in (self._waiting, self._hanging):
            found: dict[int, Any] = unanswered.get(datastore, {})
            found.pop(request, None)
            if not found:
                unanswered.pop(datastore, None)

    def _delay_ns(self, datastore: str) -> int:
        """How long each request to it takes; 0: it is not slow."""
        try:
            mark = os.open(
                f"{self._root}/{SLOW}{datastore}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            )
        except OSError:
            return 0
        try:
            said = os.read(mark, 20)
        except OSError:
            return 0
        finally:
            os.close(mark)
        return min(int(said), _DELAY_NS_MAX) if said.isdigit() else 0

    def _shown(self, mount: int, request: AnyIo) -> int:
        """Where the request is carried out: a stale datastore answers reads from what it once held."""
        if not isinstance(request, _READS):
            return mount
        try:
            path = f"{self._root}/{STALE}{request.datastore}/{CONTENT}"
            return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return mount

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
            shown = self._shown(mount, request)
            try:
                return self._perform[type(request)](shown, request)
            finally:
                if shown != mount:
                    os.close(shown)
        except BlockingIOError:
            return None  # Its lock is held by a process that does not go on: the datastore does not answer.
        except OSError as error:
            return Outcome(request.request, trouble(error))
        finally:
            os.close(mount)

    # --- The requests -------------------------------------------------------------------------------------------------

    def _read(self, mount: int, request: Read) -> Outcome:
        try:
            file = open_regular(mount, request.path)
        except FileNotFoundError:
            return Outcome(request.request, "missing")
        try:
            return Outcome(request.request, "ok", read_part(file, request.path, request.offset, request.length))
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
            write_all(file, request.data)
            _stamp(file)
        finally:
            os.close(file)
        return Outcome(request.request, "ok")

    def _test_and_set(self, mount: int, request: TestAndSet) -> Outcome:
        file = _open(mount, request.path)
        try:
            _lock(file)
            found = os.pread(file, SECTOR, request.offset).ljust(SECTOR, b"\0")
            if found != request.expected:
                return Outcome(request.request, "mismatch", found)
            os.pwrite(file, request.data, request.offset)
            _stamp(file)
        finally:
            os.close(file)
        return Outcome(request.request, "ok")

    def _replace(self, mount: int, request: Replace) -> Outcome:
        make_folders(mount, request.path)
        with folder_of(mount, request.path) as (folder, name):
            self._clean(folder, request)
            for _ in range(_REPLACE_TRIES):
                with suppress(FileNotFoundError):
                    self._replace_once(folder, name, request.data)
                    return Outcome(request.request, "ok")
        raise NotRegularError(request.path, f"{_REPLACE_TRIES} temporary files in a row were taken away")

    def _replace_once(self, folder: int, name: str, data: bytes) -> None:
        before = _stamp_of(folder, name)
        temporary = f".{name}.{os.urandom(8).hex()}{TEMPORARY}"
        file = _open(folder, temporary, os.O_EXCL)
        try:
            # Locked, a temporary file has a living writer; unlocked, any host that finds it may remove it.
            _lock(file)
            write_all(file, data)
            _stamp(file, before)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        finally:
            os.close(file)

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
        with suppress(FileNotFoundError), folder_of(mount, request.path) as (folder, name):
            os.unlink(name, dir_fd=folder)
        return Outcome(request.request, "ok")

    def _list_folder(self, mount: int, request: ListFolder) -> Outcome:
        try:
            with folder_of(mount, request.path or ".") as (outer, name):
                folder = open_folder(outer, name)
        except FileNotFoundError:
            return Outcome(request.request, "missing")
        try:
            names = _names(folder, request.path)
        finally:
            os.close(folder)
        listed = sorted(name for name in names if not name.endswith(TEMPORARY))
        return Outcome(request.request, "ok", os.fsencode("\n".join(listed)))

    def _clean(self, folder: int, request: Replace) -> None:
        """Once a folder: remove what dead writers left."""
        key = (request.datastore, request.path.rpartition("/")[0])
        if key in self._cleaned:
            return
        self._cleaned.add(key)
        found = open_folder(folder, ".")
        try:
            for name in _names(found, request.path):
                if name.endswith(TEMPORARY):
                    _remove_if_ownerless(name, found)
        finally:
            os.close(found)


def _names(folder: int, path: str) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _NAMES_MAX + 1)]
    if len(names) > _NAMES_MAX:
        raise NotRegularError(path, f"a folder of more than {_NAMES_MAX} names")
    return names


def _exists(name: str, mount: int) -> bool:
    try:
        os.stat(name, dir_fd=mount, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _open(mount: int, path: str, flags: int = 0) -> int:
    """Open for writing; file and folders are made if missing."""
    flags |= os.O_RDWR | os.O_CREAT
    try:
        return open_regular(mount, path, flags)
    except FileNotFoundError:
        make_folders(mount, path)
        return open_regular(mount, path, flags)


def _lock(file: int) -> None:
    """Take the file's lock. Raises BlockingIOError when its holder does not let go of it."""
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_LOCK_WAIT_S)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _stamp_of(mount: int, path: str) -> int | None:
    try:
        return stat_regular(mount, path).st_mtime_ns
    except FileNotFoundError:
        return None


def _stamp(file: int, before: int | None = None) -> None:
    """Let the file's time stamp grow: the kernel's own moves only with its tick of some milliseconds."""
    if before is None:
        before = os.fstat(file).st_mtime_ns
    now = max(time.time_ns(), before + 1)
    os.utime(file, ns=(now, now))


def _remove_if_ownerless(name: str, folder: int) -> None:
    """Nothing of ours depends on it, so what cannot be opened or removed is left."""
    try:
        file = open_regular(folder, name, os.O_RDWR)
    except OSError:
        return
    try:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(file)
