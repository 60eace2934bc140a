"""Datastore heartbeats: how a host shows that it lives, and how another sees it.

    own:      vmfs  slot in the heartbeat region, written each 3 s from boot on      (SlotWriter: the vmkernel's)
              nfs   host-N-hb touched each 5 s while the agent uses the datastore    (NfsPulse)
    foreign:  vmfs  lock of host-N-hb names its owner's slot; the slot moves         (HeartbeatWatch)
              nfs   the time stamp of host-N-hb moves

This module decides when to write, when a volume's own heartbeat is offline, and when a foreign heartbeat moved or since
when it stands still. It leaves to `locks.py` what stillness allows, and to the agent what silence means. Numbers: fact
sheet 0 and 5 [VMFS-T] [KB-HB] [DD-F] [POD].

Real volumes repeat a timed-out slot write each second. Here a hanging write is not repeated, because the datastore
carries it out when it is back; only writes that fail are repeated each second.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.agents import records
from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import DamagedRecord, Slot
from herzschlag.agents.datastore.requests import FAILED, SECTOR, Outcome, Read, Stat, TestAndSet, Touch, WriteSector
from herzschlag.agents.hypervisor.io_engine import HostIo, Timer, Volume
from herzschlag.agents.settings import Timers

VERIFY_EVERY_WRITES = 10
"""After this many slot writes (30 s) a host checks that its locks are still its own. The number is our own choice."""


class Stillness:
    """The stillness of every foreign heartbeat: since when it is known not to have moved.

    Heartbeats only grow within a life, so two looks with the same stamp prove that nothing moved between them, however
    far apart they are. One entry for each (datastore, owner) ever looked at.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}

    def look(self, datastore: str, owner: str, stamp: int, now_ns: int) -> int:
        """Note `stamp`; return since when it has not changed."""
        seen = self._seen.get((datastore, owner))
        if seen is not None and seen[0] == stamp:
            return seen[1]
        self._seen[datastore, owner] = (stamp, now_ns)
        return now_ns

    def begin_anew(self, now_ns: int) -> None:
        """Our own clock leapt, or we stood still: how long nothing moved is not known any more."""
        self._seen = {key: (stamp, now_ns) for key, (stamp, _) in self._seen.items()}

    def hand_in(self, datastore: str, owner: str, stamp: int, since_ns: int) -> None:
        """Evidence of another observer, already compared with a look of our own at the same stamp."""
        seen = self._seen.get((datastore, owner))
        if seen is not None and seen[0] == stamp and since_ns < seen[1]:
            self._seen[datastore, owner] = (stamp, since_ns)


class SlotWriter:
    """This host's slot on one VMFS volume."""

    def __init__(self, io: HostIo, volume: Volume, moid: str, boot: int, timers: Timers) -> None:
        self.slot: int | None = None
        """Index in the region once claimed."""
        self.on_verify: Callable[[str, bool], None] | None = None
        """Called with the datastore when locks should be checked: regularly, and (True) after a gap in the writes."""
        self._io = io
        self._volume = volume
        self._moid = moid
        self._boot = boot
        self._timers = timers
        self._sequence = 0
        self._writes = 0
        self._tried = 0
        self._waiting: list[Callable[[], None]] = []
        self._good_at_ns = 0
        self._asked_at_ns = 0
        self._offline = True
        self._offline_check: Timer | None = None

    def start(self) -> None:
        self._good_at_ns = self._io.now_ns
        self._claim(layout.preferred_slot(self._moid), layout.ZERO_SECTOR)

    def when_claimed(self, then: Callable[[], None]) -> None:
        """Call `then` now, or as soon as the slot is claimed, or found to be unobtainable."""
        if self.slot is not None or self._tried >= layout.SLOTS:
            then()
        else:
            self._waiting.append(then)

    def _record(self) -> bytes:
        self._sequence += 1
        return layout.encode_slot(Slot(self._moid, self._boot, self._sequence))

    # --- Claiming -----------------------------------------------------------------------------------------------------

    def _claim(self, slot: int, expected: bytes) -> None:
        self._asked_at_ns = self._io.now_ns
        request = TestAndSet(
            self._io.request(),
            self._volume.name,
            layout.HEARTBEAT_REGION,
            offset=slot * SECTOR,
            expected=expected,
            data=self._record(),
        )
        self._io.submit(request, lambda outcome: self._claimed(slot, outcome))

    def _claimed(self, slot: int, outcome: Outcome) -> None:
        if outcome.status in FAILED:
            self._io.at(self._io.now_ns + self._timers.vmfs_retry_ns, lambda: self._claim(slot, layout.ZERO_SECTOR))
            return
        if outcome.status == "ok":
            self.slot = slot
            self._wrote("claimed")
            self._call_waiting()
            return
        try:
            found = layout.decode_slot(outcome.data)
        except DamagedRecord:
            found = None  # It is unreadable, but another host's: leave it alone.
        if found is not None and found.moid == self._moid:
            self._claim(slot, outcome.data)  # It belongs to an earlier life: take it over.
            return
        self._tried += 1
        if self._tried >= layout.SLOTS:
            self._trace("none", "offline", f"all {layout.SLOTS} slots belong to others: see fewer hosts per volume")
            self._call_waiting()
            return
        self._claim((slot + 1) % layout.SLOTS, layout.ZERO_SECTOR)

    def _call_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()

    # --- Writing ------------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        io = self._io
        assert self.slot is not None
        self._asked_at_ns = io.now_ns
        io.submit(
            WriteSector(
                io.request(),
                self._volume.name,
                layout.HEARTBEAT_REGION,
                offset=self.slot * SECTOR,
                data=self._record(),
            ),
            self._written,
        )

    def _written(self, outcome: Outcome) -> None:
        if outcome.status in FAILED:
            if outcome.status == "lost":
                self._offline_now("writes fail")
            else:
                self.hangs()  # the volume works for others: it is lost when no write got through for long enough
            self._io.at(self._io.now_ns + self._timers.vmfs_retry_ns, self._write)
        else:
            self._wrote("written")

    def _wrote(self, how: str) -> None:
        now_ns = self._io.now_ns
        gap_ns = now_ns - self._good_at_ns
        self._good_at_ns = now_ns
        if self._offline:
            self._offline = False
            self._trace("offline", "live", f"slot {self.slot} {how}")
        self._writes += 1
        gap = gap_ns > self._timers.vmfs_io_limit_ns
        if self.on_verify is not None and (gap or self._writes % VERIFY_EVERY_WRITES == 0):
            self.on_verify(self._volume.name, gap)
        self._io.at(max(now_ns, self._asked_at_ns + self._timers.vmfs_heartbeat_ns), self._write)

    def hangs(self) -> None:
        """The volume hangs or takes no writes: it is offline when the last good write is old enough."""
        if self._offline_check is None:
            at_ns = max(self._io.now_ns, self._good_at_ns + self._timers.vmfs_offline_ns)
            self._offline_check = self._io.at(at_ns, self._check_offline)

    def _check_offline(self) -> None:
        self._offline_check = None
        if self._io.now_ns - self._good_at_ns >= self._timers.vmfs_offline_ns:
            self._offline_now("no write got through for the offline limit: others may break this host's locks")

    def _offline_now(self, because: str) -> None:
        if not self._offline:
            self._offline = True
            self._trace("live", "offline", because)

    def _trace(self, before: records.SlotState, after: records.SlotState, because: str) -> None:
        self._io.trace(records.Slot(datastore=self._volume.name, from_=before, to=after, because=because))


class NfsPulse:
    """This host's regular sign of life on one NFS datastore; otherwise a look that tests access."""

    def __init__(self, io: HostIo, volume: Volume, path: str, timers: Timers) -> None:
        self._io = io
        self._volume = volume
        self._path = path
        self._touch_ns = timers.nfs_touch_ns
        self._retry_ns = timers.vmfs_retry_ns
        self._touching = False
        self._outstanding = False
        self._timer: Timer | None = None

    def start(self) -> None:
        self._beat()

    def touch(self, on: bool) -> None:
        """Whether `host-N-hb` is to be touched. When this is switched on, the first touch follows at once."""
        if on and not self._touching:
            self._touching = True
            if self._timer is not None:
                self._timer.cancel()
            self._beat()
        self._touching = on

    def _beat(self) -> None:
        io = self._io
        self._timer = io.at(io.now_ns + self._touch_ns, self._beat)
        if self._outstanding:
            return
        self._outstanding = True
        kind = Touch if self._touching else Stat
        io.submit(kind(io.request(), self._volume.name, self._path), self._done)

    def _done(self, outcome: Outcome) -> None:
        self._outstanding = False
        if outcome.status in FAILED and self._timer is not None:
            self._timer.cancel()
            self._timer = self._io.at(self._io.now_ns + self._retry_ns, self._beat)


class HeartbeatWatch:
    """A foreign host's heartbeat on one datastore, looked at now and then each `poll`.

    `on_moved(stamp, first)` is called when it was seen (first look) or moved, and not while it stands still, while
    no process holds `host-N-hb` (its agent is gone or writes elsewhere), or while our own access hangs.
    """

    def __init__(
        self,
        io: HostIo,
        volume: Volume,
        host: str,
        hb_path: str,
        *,
        still: Stillness,
        on_moved: Callable[[int, bool], None],
    ) -> None:
        self._io = io
        self._volume = volume
        self._host = host
        self._path = hb_path
        self._lock_path = layout.lock_path("vmfs", hb_path)
        self._still = still
        self._on_moved = on_moved
        self._looked = False
        self._stamp: int | None = None
        self._outstanding = False
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def poll(self) -> None:
        """Look once, unless the last look has not come back."""
        if self._outstanding:
            return
        self._outstanding = True
        io = self._io
        if self._volume.kind == "vmfs":
            request = Read(io.request(), self._volume.name, self._lock_path, offset=0, length=SECTOR)
            io.submit(request, self._lock_read)
        else:
            io.submit(Stat(io.request(), self._volume.name, self._path), self._stat)

    def _lock_read(self, outcome: Outcome) -> None:
        try:
            lock = layout.decode_lock(outcome.data) if outcome.status == "ok" else None
        except DamagedRecord:
            lock = None
        if lock is None or not lock.held or lock.owner != self._host:
            self._seen(None, looked=outcome.status != "lost")
            return
        io = self._io
        request = Read(
            io.request(), self._volume.name, layout.HEARTBEAT_REGION, offset=lock.slot * SECTOR, length=SECTOR
        )
        io.submit(request, self._slot_read)

    def _slot_read(self, outcome: Outcome) -> None:
        try:
            slot = layout.decode_slot(outcome.data) if outcome.status == "ok" else None
        except DamagedRecord:
            slot = None
        if slot is None or slot.moid != self._host:
            self._seen(None, looked=outcome.status != "lost")
            return
        stamp = layout.stamp_of(slot.boot, slot.sequence)
        self._still.look(self._volume.name, self._host, stamp, self._io.now_ns)
        self._seen(stamp, looked=True)

    def _stat(self, outcome: Outcome) -> None:
        self._seen(outcome.stamp if outcome.status == "ok" else None, looked=outcome.status != "lost")

    def _seen(self, stamp: int | None, looked: bool) -> None:
        self._outstanding = False
        first, before = not self._looked, self._stamp
        self._looked = self._looked or looked
        if stamp is None or stamp == before:
            return
        self._stamp = stamp
        if not self._stopped:
            self._on_moved(stamp, first)
