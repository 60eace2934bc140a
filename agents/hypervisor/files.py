"""The agent's files on the datastores: reading, writing, removing, and asking who holds a lock.

This module decides what an outcome means to the agent. A hanging datastore never answers; so that a patient agent
cannot pile up requests there, at most one request per path hangs: a later read is answered by the first, a later write
replaces the one that waits. Writes under a lock are withdrawn when the datastore hangs: by the time it is back, the
lock may be another host's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import DamagedRecord
from herzschlag.agents.datastore.requests import FAILED, SECTOR, Outcome, Read, Remove, Replace
from herzschlag.agents.hypervisor.api import HypervisorSettings
from herzschlag.agents.hypervisor.disk_heartbeats import Stillness
from herzschlag.agents.hypervisor.io_engine import HostIo
from herzschlag.agents.hypervisor.locks import LockManager
from herzschlag.agents.hypervisor.owner_watch import FoundLock, OwnerWatch
from herzschlag.agents.protocol import actions, events

_READ_AS: dict[str, Literal["missing", "damaged", "lost"]] = {"missing": "missing", "damaged": "damaged"}
FileWrite = actions.WriteFile | actions.RemoveFile


class Files:
    def __init__(
        self,
        settings: HypervisorSettings,
        io: HostIo,
        locks: LockManager,
        still: Stillness,
        answer: Callable[[events.AnyEvent], None],
    ) -> None:
        self._io = io
        self._locks = locks
        self._still = still
        self._moid = settings.moid
        self._timers = settings.timers
        self._answer = answer
        self._reading: set[tuple[str, str]] = set()
        self._querying: set[tuple[str, str]] = set()
        self._writing: set[tuple[str, str]] = set()
        self._next_write: dict[tuple[str, str], FileWrite] = {}
        self._boot = 0
        """The agent's boot: requests of an earlier boot are not answered."""

    def forget(self) -> None:
        """The agent died: no process waits for answers any more."""
        self._boot += 1
        self._reading.clear()
        self._querying.clear()
        self._next_write.clear()

    # --- Reading ------------------------------------------------------------------------------------------------------

    def read(self, call: actions.ReadFile) -> None:
        key = (call.datastore, call.path)
        if call.datastore not in self._io.volumes:
            self._answer(events.FileRead(*key, "lost", b""))
        elif key not in self._reading:
            self._reading.add(key)
            boot = self._boot
            self._io.submit(Read(self._io.request(), *key), lambda outcome: self._was_read(key, boot, outcome))

    def _was_read(self, key: tuple[str, str], boot: int, outcome: Outcome) -> None:
        if boot != self._boot:
            return
        self._reading.discard(key)
        if outcome.status != "ok":
            self._answer(events.FileRead(*key, _READ_AS.get(outcome.status, "lost"), b""))
        elif layout.is_whole(outcome.data):
            self._answer(events.FileRead(*key, "ok", outcome.data))
        else:
            self._answer(events.FileRead(*key, "damaged", b""))

    # --- Writing ------------------------------------------------------------------------------------------------------

    def write(self, call: actions.WriteFile) -> None:
        self._write(call)

    def remove(self, call: actions.RemoveFile) -> None:
        self._write(call)

    def _write(self, call: FileWrite) -> None:
        key = (call.datastore, call.path)
        volume = self._io.volumes.get(call.datastore)
        locked = isinstance(call, actions.WriteFile) and call.locked
        if volume is None or (locked and volume.access == "apd"):
            self._answer(events.FileWritten(*key, "lost"))
        elif locked and not self._locks.holds(*key):
            self._answer(events.FileWritten(*key, "not-owner"))
        elif key in self._writing:
            self._next_write[key] = call
        else:
            self._writing.add(key)
            number, boot = self._io.request(), self._boot
            request = (
                Replace(number, *key, data=call.data) if isinstance(call, actions.WriteFile) else Remove(number, *key)
            )
            then = self._written(key, boot)
            self._io.submit(request, then, (lambda: then(Outcome(number, "lost"))) if locked else None)

    def _written(self, key: tuple[str, str], boot: int) -> Callable[[Outcome], None]:
        def then(outcome: Outcome) -> None:
            self._writing.discard(key)
            if boot == self._boot:
                self._answer(events.FileWritten(*key, "lost" if outcome.status in FAILED else "ok"))
            following = self._next_write.pop(key, None)
            if following is not None:
                self._write(following)

        return then

    # --- Asking about locks -------------------------------------------------------------------------------------------

    def query_lock(self, call: actions.QueryLock) -> None:
        key = (call.datastore, call.path)
        volume = self._io.volumes.get(call.datastore)
        if volume is None:
            self._answer(events.LockState(*key, "lost", ""))
        elif self._locks.holds(*key):
            self._answer(events.LockState(*key, "ok", self._moid))
        elif key not in self._querying:
            self._querying.add(key)
            boot = self._boot
            request = Read(
                self._io.request(), call.datastore, layout.lock_path(volume.kind, call.path), offset=0, length=SECTOR
            )
            self._io.submit(request, lambda outcome: self._lock_read(key, boot, outcome))

    def _lock_read(self, key: tuple[str, str], boot: int, outcome: Outcome) -> None:
        if outcome.status in FAILED:
            self._owner(key, boot, "", lost=True)
            return
        try:
            record = layout.decode_lock(outcome.data)
        except DamagedRecord:
            record = None
        if record is None or not record.held or record.owner == self._moid:
            self._owner(key, boot, "")
            return
        found = FoundLock(self._io.volumes[key[0]], key[1], outcome.data, record)
        OwnerWatch(self._io, self._timers, self._still, found, ()).ask_once(
            lambda verdict, because, data: self._owner(
                key, boot, found.record.owner if verdict == "lives" else "", lost=verdict == "unknown"
            )
        )

    def _owner(self, key: tuple[str, str], boot: int, owner: str, lost: bool = False) -> None:
        if boot == self._boot:
            self._querying.discard(key)
            self._answer(events.LockState(*key, "lost" if lost else "ok", "" if lost else owner))
