"""Datastores in memory, for the simulator: same requests and outcomes as `processes/tmpfs_store.py`, deterministic.

This module decides nothing about time: a request is carried out at once, or hangs until `set_access` lets it go.
Several hosts share the files; each has its own access to each datastore. One conformance suite runs against both.

A dying writer (`die_after_bytes`) leaves nothing of a Replace, the first bytes of an Append, and nothing or all of a
sector, because a sector is written as one.

A stale one shows a host what it held when that began; the host's writes, and what a test-and-set compares, are the
datastore's own. A full datastore takes no more blocks of 4 KiB than it held at that moment; a file grows within its
last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

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
from herzschlag.agents.states import DatastoreAccess

_ZERO = bytes(SECTOR)
_BLOCK = 4096
_WRITES = (Replace, Append, WriteSector, TestAndSet, Touch, Remove)
MemoryAccess = DatastoreAccess | Literal["read-only", "full", "stale"]


def _blocks_of(length: int) -> int:
    return -(-length // _BLOCK)


class _File:
    __slots__ = ("data", "stamp")

    def __init__(self) -> None:
        self.data = bytearray()
        self.stamp = 0


class _Datastore:
    __slots__ = ("files", "folders")

    def __init__(self) -> None:
        self.files: dict[str, _File] = {}
        self.folders: dict[str, set[str]] = {"": set()}
        """Folder to names in it. Folders stay when they are empty again."""

    def copy(self) -> _Datastore:
        copied = _Datastore()
        for path, file in self.files.items():
            one = copied.files[path] = _File()
            one.data, one.stamp = bytearray(file.data), file.stamp
        copied.folders = {path: set(names) for path, names in self.folders.items()}
        return copied


class MemoryDatastores:
    def __init__(self, names: Iterable[str]) -> None:
        self._datastores = {name: _Datastore() for name in names}
        self._stamp = 0
        self._access: dict[tuple[str, str], MemoryAccess] = {}
        """Only what is not "ok": (host, datastore)."""
        self._blocks_max: dict[str, int] = {}
        """Of full datastores: the blocks they hold at most."""
        self._stale: dict[tuple[str, str], _Datastore] = {}
        """What is shown to hosts that do not see a datastore as it is."""
        self._hanging: dict[tuple[str, str], dict[int, AnyIo]] = {}
        self._perform: dict[type[Any], Callable[[Any], Outcome]] = {
            WriteSector: self._write_sector,
            Append: self._append,
            TestAndSet: self._test_and_set,
            Replace: self._replace,
            Touch: self._touch,
            Remove: self._remove,
        }

    def perform(self, request: AnyIo, host: str, die_after_bytes: int | None = None) -> Outcome | None:
        """Carry it out for `host`. None: it hangs, or the writer died after that many bytes."""
        if self._access:
            access = self._access.get((host, request.datastore), "ok")
            if access == "pdl":
                return Outcome(request.request, "lost")
            if access == "apd":
                self._hanging.setdefault((host, request.datastore), {})[request.request] = request
                return None
            if access == "read-only" and isinstance(request, _WRITES):
                return Outcome(request.request, "read-only")
        if self._blocks_max and (refused := self._refused(request)) is not None:
            return refused
        if die_after_bytes is not None:
            self._die(request, die_after_bytes)
            return None
        read = _READS.get(type(request))
        if read is not None:
            return read(request, self._stale.get((host, request.datastore)) or self._datastores[request.datastore])
        return self._perform[type(request)](request)

    def abort(self, host: str, datastore: str, request: int) -> None:
        """Forget a hanging request."""
        self._hanging.get((host, datastore), {}).pop(request, None)

    def forget(self, host: str) -> None:
        """The host lost power: nothing of it hangs any more. Its access stays as it is."""
        for key in [key for key in self._hanging if key[0] == host]:
            del self._hanging[key]

    def set_access(self, host: str, datastore: str, access: MemoryAccess) -> list[tuple[str, Outcome]]:
        """Change a host's access. Returns what becomes of its hanging requests: carried out, or lost."""
        if datastore not in self._datastores:
            raise KeyError(f"datastore {datastore!r} is unknown: use one of {sorted(self._datastores)}")
        key = (host, datastore)
        if access == "ok":
            self._access.pop(key, None)
        else:
            self._access[key] = access
        if access != "stale":
            self._stale.pop(key, None)
        elif key not in self._stale:
            self._stale[key] = self._datastores[datastore].copy()
        if "full" not in {one for (_, name), one in self._access.items() if name == datastore}:
            self._blocks_max.pop(datastore, None)
        elif datastore not in self._blocks_max:
            self._blocks_max[datastore] = self._blocks(datastore)
        if access == "apd":
            return []
        hanging = self._hanging.pop(key, {})
        if access == "pdl":
            return [(host, Outcome(number, "lost")) for number in hanging]
        outcomes = [self.perform(request, host) for request in hanging.values()]
        return [(host, outcome) for outcome in outcomes if outcome is not None]

    def content(self, datastore: str, path: str) -> bytes | None:
        """What a file holds, for evidence; None: missing."""
        file = self._datastores[datastore].files.get(path)
        return None if file is None else bytes(file.data)

    def paths(self, datastore: str) -> list[str]:
        """All files, sorted."""
        return sorted(self._datastores[datastore].files)

    # --- A full datastore ---------------------------------------------------------------------------------------------

    def _blocks(self, datastore: str) -> int:
        return sum(_blocks_of(len(file.data)) for file in self._datastores[datastore].files.values())

    def _refused(self, request: AnyIo) -> Outcome | None:
        """The outcome of a write for which a full datastore has no block; the first bytes of an Append may fit."""
        blocks_max = self._blocks_max.get(request.datastore)
        if blocks_max is None or not isinstance(request, Replace | Append | WriteSector | TestAndSet):
            return None
        file = self._datastores[request.datastore].files.get(request.path)
        before = 0 if file is None else len(file.data)
        free = blocks_max - self._blocks(request.datastore)
        if isinstance(request, Replace):
            more = _blocks_of(len(request.data))  # the old file goes only when the new one is whole
        elif isinstance(request, Append):
            more = _blocks_of(before + len(request.data)) - _blocks_of(before)
        else:
            more = _blocks_of(max(before, request.offset + SECTOR)) - _blocks_of(before)
        if more <= free:
            return None
        if isinstance(request, TestAndSet) and (outcome := self._differs(request)) is not None:
            return outcome
        if isinstance(request, Append) and file is not None:
            room = (_blocks_of(before) + max(0, free)) * _BLOCK - before
            file.data.extend(request.data[:room])
        return Outcome(request.request, "full")

    # --- The requests -------------------------------------------------------------------------------------------------

    def _file(self, request: AnyIo) -> _File:
        """The file, made if missing; about to change, so its stamp grows."""
        datastore = self._datastores[request.datastore]
        file = datastore.files.get(request.path)
        if file is None:
            file = datastore.files[request.path] = _File()
            path = request.path
            while path:
                path, _, name = path.rpartition("/")
                datastore.folders.setdefault(path, set()).add(name)
        self._stamp += 1
        file.stamp = self._stamp
        return file

    def _write_sector(self, request: WriteSector) -> Outcome:
        self._put(self._file(request).data, request.offset, request.data)
        return Outcome(request.request, "ok")

    def _put(self, data: bytearray, offset: int, sector: bytes) -> None:
        if len(data) < offset:
            data.extend(bytes(offset - len(data)))
        data[offset : offset + len(sector)] = sector

    def _append(self, request: Append) -> Outcome:
        self._file(request).data.extend(request.data)
        return Outcome(request.request, "ok")

    def _differs(self, request: TestAndSet) -> Outcome | None:
        file = self._datastores[request.datastore].files.get(request.path)
        found = b"" if file is None else bytes(file.data[request.offset : request.offset + SECTOR])
        if len(found) < SECTOR:
            found += _ZERO[len(found) :]
        if found != request.expected:
            return Outcome(request.request, "mismatch", found)
        return None

    def _test_and_set(self, request: TestAndSet) -> Outcome:
        differs = self._differs(request)
        if differs is not None:
            return differs
        self._put(self._file(request).data, request.offset, request.data)
        return Outcome(request.request, "ok")

    def _replace(self, request: Replace) -> Outcome:
        self._file(request).data = bytearray(request.data)
        return Outcome(request.request, "ok")

    def _touch(self, request: Touch) -> Outcome:
        self._file(request)
        return Outcome(request.request, "ok")

    def _remove(self, request: Remove) -> Outcome:
        datastore = self._datastores[request.datastore]
        if datastore.files.pop(request.path, None) is not None:
            folder, _, name = request.path.rpartition("/")
            datastore.folders[folder].discard(name)
        return Outcome(request.request, "ok")

    def _die(self, request: AnyIo, after_bytes: int) -> None:
        whole = (
            after_bytes >= len(request.data)
            if isinstance(request, (Replace, Append, WriteSector, TestAndSet))
            else True
        )
        if isinstance(request, Append):
            if after_bytes:
                self._file(request).data.extend(request.data[:after_bytes])
        elif whole and type(request) in self._perform:
            self._perform[type(request)](request)


def _read(request: Read, seen: _Datastore) -> Outcome:
    file = seen.files.get(request.path)
    if file is None:
        return Outcome(request.request, "missing")
    if request.length is None:
        return Outcome(request.request, "ok", bytes(file.data[request.offset :]))
    return Outcome(request.request, "ok", bytes(file.data[request.offset : request.offset + request.length]))


def _stat(request: Stat, seen: _Datastore) -> Outcome:
    file = seen.files.get(request.path)
    if file is None:
        return Outcome(request.request, "missing")
    return Outcome(request.request, "ok", b"", file.stamp)


def _list_folder(request: ListFolder, seen: _Datastore) -> Outcome:
    names = seen.folders.get(request.path)
    if names is None:
        return Outcome(request.request, "missing")
    return Outcome(request.request, "ok", "\n".join(sorted(names)).encode())


_READS: dict[type[Any], Callable[[Any, _Datastore], Outcome]] = {Read: _read, Stat: _stat, ListFolder: _list_folder}
"""Requests that change nothing: they are shown what their host sees."""
