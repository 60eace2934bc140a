"""The agent's files on the datastores: reading, writing, removing, and asking who holds a lock.

Decides what an outcome means to the agent. A hanging datastore never answers; so that a patient agent cannot pile up
requests there, one request a path hangs at most: a later read is answered by the first, a later write replaces the
one that waits. Writes under a lock are withdrawn when the datastore hangs: by the time it is back, the lock may be
another host's.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import DamagedRecord
from herzschlag.agents.datastore.requests import SECTOR, Outcome, Read, Remove, Replace
from herzschlag.agents.hypervisor.api import HypervisorSettings
from herzschlag.agents.hypervisor.disk_heartbeats import Stillness
from herzschlag.agents.hypervisor.io_engine import HostIo
from herzschlag.agents.hypervisor.locks import LockManager
from herzschlag.agents.hypervisor.owner_watch import FoundLock, OwnerWatch
from herzschlag.agents.protocol import actions, events

Change = actions.WriteFile | actions.RemoveFile


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
        self._changing: set[tuple[str, str]] = set()
        self._next_change: dict[tuple[str, str], Change] = {}
        self._life = 0

    def forget(self) -> None:
        """The agent died: nobody waits for answers any more."""
        self._life += 1
        self._reading.clear()
        self._querying.clear()
        self._next_change.clear()

    # --- Reading ------------------------------------------------------------------------------------------------------

    def read(self, call: actions.ReadFile) -> None:
        key = (call.datastore, call.path)
        if call.datastore not in self._io.volumes:
            self._answer(events.FileRead(*key, "lost", b""))
        elif key not in self._reading:
            self._reading.add(key)
            life = self._life
            self._io.submit(Read(self._io.request(), *key), lambda outcome: self._was_read(key, life, outcome))

    def _was_read(self, key: tuple[str, str], life: int, outcome: Outcome) -> None:
        if life != self._life:
            return
        self._reading.discard(key)
        if outcome.status != "ok":
            self._answer(events.FileRead(*key, "lost" if outcome.status == "lost" else "missing", b""))
        elif layout.is_whole(outcome.data):
            self._answer(events.FileRead(*key, "ok", outcome.data))
        else:
            self._answer(events.FileRead(*key, "damaged", b""))

    # --- Writing ------------------------------------------------------------------------------------------------------

    def write(self, call: actions.WriteFile) -> None:
        self._change(call)

    def remove(self, call: actions.RemoveFile) -> None:
        self._change(call)

    def _change(self, call: Change) -> None:
        key = (call.datastore, call.path)
        volume = self._io.volumes.get(call.datastore)
        locked = isinstance(call, actions.WriteFile) and call.locked
        if volume is None or (locked and volume.access == "apd"):
            self._answer(events.FileWritten(*key, "lost"))
        elif locked and not self._locks.holds(*key):
            self._answer(events.FileWritten(*key, "not-owner"))
        elif key in self._changing:
            self._next_change[key] = call
        else:
            self._changing.add(key)
            number, life = self._io.request(), self._life
            request = (
                Replace(number, *key, data=call.data) if isinstance(call, actions.WriteFile) else Remove(number, *key)
            )
            then = self._changed(key, life)
            self._io.submit(request, then, (lambda: then(Outcome(number, "lost"))) if locked else None)

    def _changed(self, key: tuple[str, str], life: int) -> Callable[[Outcome], None]:
        def then(outcome: Outcome) -> None:
            self._changing.discard(key)
            if life == self._life:
                self._answer(events.FileWritten(*key, "lost" if outcome.status == "lost" else "ok"))
            following = self._next_change.pop(key, None)
            if following is not None:
                self._change(following)

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
            life = self._life
            request = Read(
                self._io.request(), call.datastore, layout.lock_path(volume.kind, call.path), offset=0, length=SECTOR
            )
            self._io.submit(request, lambda outcome: self._lock_read(key, life, outcome))

    def _lock_read(self, key: tuple[str, str], life: int, outcome: Outcome) -> None:
        if outcome.status == "lost":
            self._owner(key, life, "", lost=True)
            return
        try:
            record = layout.decode_lock(outcome.data)
        except DamagedRecord:
            record = None
        if record is None or not record.held or record.owner == self._moid:
            self._owner(key, life, "")
            return
        found = FoundLock(self._io.volumes[key[0]], key[1], outcome.data, record)
        OwnerWatch(self._io, self._timers, self._still, found, ()).ask_once(
            lambda verdict, because, data: self._owner(
                key, life, found.record.owner if verdict == "lives" else "", lost=verdict == "unknown"
            )
        )

    def _owner(self, key: tuple[str, str], life: int, owner: str, lost: bool = False) -> None:
        if life == self._life:
            self._querying.discard(key)
            self._answer(events.LockState(*key, "lost" if lost else "ok", "" if lost else owner))
