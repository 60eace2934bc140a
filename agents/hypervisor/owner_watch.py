"""A watch that finds out whether the owner of a foreign lock is gone, one for each question.

- vmfs: its heartbeat slot stood still for 16 s, by our own looks or by handed-in evidence with the same stamp, which
  has not changed; or the slot shows a newer life of that host (fact sheet 5 [KB-HB]);
- nfs: the `.lck` record, which its owner renews each 10 s, did not change for 35 s [NFS-35].

This module decides that alone; `locks.py` breaks the lock, or leaves it. Every look counts for later questions as well
(`Stillness`), so a host that watched before does not start again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import DamagedRecord, LockRecord
from herzschlag.agents.datastore.requests import FAILED, SECTOR, Outcome, Read
from herzschlag.agents.hypervisor.disk_heartbeats import Stillness
from herzschlag.agents.hypervisor.io_engine import HostIo, Timer, Volume
from herzschlag.agents.protocol.messages import LockEvidence
from herzschlag.agents.settings import Timers

Verdict = Literal["gone", "lives", "released", "unknown"]
"""Proven dead; moved (or, asked once, not proven dead yet); freed its lock meanwhile; the datastore does not answer."""
Judged = Callable[[Verdict, str, bytes], None]
"""Called once with (verdict, because, the lock sector as last seen)."""


class FoundLock:
    """A lock sector held by another host, as it was found."""

    __slots__ = ("data", "path", "record", "sector_path", "volume")

    def __init__(self, volume: Volume, path: str, data: bytes, record: LockRecord) -> None:
        self.volume = volume
        self.path = path
        self.sector_path = layout.lock_path(volume.kind, path)
        self.data = data
        self.record = record


class OwnerWatch:
    def __init__(
        self, io: HostIo, timers: Timers, still: Stillness, found: FoundLock, evidence: tuple[LockEvidence, ...]
    ) -> None:
        self._io = io
        self._timers = timers
        self._still = still
        self._found = found
        self._volume = found.volume
        self._owner = found.record.owner
        self._evidence = evidence
        self._judged: Judged | None = None
        self._once = False
        self._seen: int | None = None
        """The owner's stamp at our first look: a different one later means that the owner lives."""
        self._timer: Timer | None = None

    def ask_once(self, judged: Judged) -> None:
        """Judge by what is known and by one look."""
        self._once = True
        self._judged = judged
        self._look()

    def watch(self, judged: Judged) -> bool:
        """Judge, if need be after watching for as long as it takes. Returns whether that has begun."""
        self._judged = judged
        if self._volume.kind == "vmfs":
            self._look()
        else:
            self._file_seen(Outcome(0, "ok", self._found.data))  # It was read this very moment.
        return self._judged is not None

    def stop(self) -> None:
        self._judged = None
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, verdict: Verdict, because: str) -> None:
        judged = self._judged
        self.stop()
        if judged is not None:
            judged(verdict, because, self._found.data)

    def _look(self) -> None:
        if self._judged is None:
            return
        if self._volume.access == "apd" and not self._once:
            self._no_answer()
            return
        name, record = self._volume.name, self._found.record
        path, offset, then = self._found.sector_path, 0, self._file_seen
        if self._volume.kind == "vmfs":
            path, offset, then = layout.HEARTBEAT_REGION, record.slot * SECTOR, self._slot_seen
        request = Read(self._io.request(), name, path, offset=offset, length=SECTOR)
        self._io.submit(request, then, None if self._once else self._no_answer)

    def _no_answer(self) -> None:
        self._end("unknown", f"{self._volume.name} does not answer")

    # --- What was seen ------------------------------------------------------------------------------------------------

    def _slot_seen(self, outcome: Outcome) -> None:
        if outcome.status in FAILED:
            self._end("unknown", f"{self._volume.name} {FAILED[outcome.status]}")
            return
        try:
            slot = layout.decode_slot(outcome.data)
        except DamagedRecord:
            slot = None
        owner = self._owner
        if slot is None or slot.moid != owner:
            stamp = 0  # The slot is not the owner's any more: no sign of life, but the owner still has its 16 s.
        elif slot.boot > self._found.record.owner_boot:
            self._end("gone", f"{owner} was started again since it took the lock")
            return
        else:
            stamp = layout.stamp_of(slot.boot, slot.sequence)
        since_ns = self._still.look(self._volume.name, owner, stamp, self._io.now_ns)
        for evidence in self._evidence:
            if (evidence.datastore, evidence.owner, evidence.stamp) == (self._volume.name, owner, stamp):
                since_ns = min(since_ns, self._io.now_ns - evidence.still_ns)
                self._still.hand_in(self._volume.name, owner, stamp, since_ns)
        self._evidence = ()  # It counts from the moment it was handed in.
        self._judge(stamp, since_ns)

    def _file_seen(self, outcome: Outcome) -> None:
        if outcome.status in FAILED:
            self._end("unknown", f"{self._volume.name} {FAILED[outcome.status]}")
            return
        try:
            record = layout.decode_lock(outcome.data)
        except DamagedRecord:
            record = self._found.record
        if record is None or not record.held:
            self._found.data = outcome.data.ljust(SECTOR, b"\0")
            self._end("released", f"{self._owner} released it")
        else:
            if record.owner != self._owner:
                self._found.data, self._found.record, self._owner = outcome.data, record, record.owner
            stamp = layout.stamp_of(record.owner_boot, record.generation)
            key = f"{record.owner} {self._found.path}"
            self._judge(stamp, self._still.look(self._volume.name, key, stamp, self._io.now_ns))

    def _judge(self, stamp: int, since_ns: int) -> None:
        now_ns = self._io.now_ns
        vmfs = self._volume.kind == "vmfs"
        what = "heartbeat" if vmfs else "lock file"
        needed_ns = self._timers.vmfs_lock_watch_ns if vmfs else self._timers.nfs_lock_stale_ns
        if self._seen is not None and self._seen != stamp:
            self._end("lives", f"held by {self._owner}, whose {what} moves")
        elif now_ns - since_ns >= needed_ns:
            self._end("gone", f"the {what} of {self._owner} stood still for the whole lock watch")
        elif self._once:
            self._end("lives", f"held by {self._owner}, whose {what} did not stand still for the whole lock watch")
        else:
            self._seen = stamp
            at_ns = min(now_ns + self._timers.slot_poll_ns, since_ns + needed_ns)
            self._timer = self._io.at(at_ns, self._look)
