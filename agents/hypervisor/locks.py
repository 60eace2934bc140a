"""The on-disk locks of one host: how it takes, keeps and releases them, breaks a dead owner's, and notices a loss.

    (none) -> taking -> held -> releasing -> (none)
                 |        |
                 |        +-> lost: another host broke it while we were cut off
                 +-> watching -> taking (break) -> held
                 |        +-> denied: the owner lives

A lock is one sector (`layout.LockRecord`), changed by test-and-set alone (`lock_sectors.py`). A foreign lock is broken
only when its owner is proven gone (`owner_watch.py`), or is this host itself in an earlier boot.

A request to a hanging datastore that could break or take a lock late is withdrawn; whether it got through all the same
is checked when access returns (`unsure`). Until then the lock does not count as ours.

This module decides all that. It leaves to the hypervisor which locks are wanted, and what losing one means. Real
volumes also clear a dead owner's slot [KB-HB]. Here a new boot takes its old slot over, and a host whose heartbeat had
a gap writes its locks anew, so that a break that was decided before fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import DamagedRecord, LockRecord
from herzschlag.agents.datastore.requests import FAILED, Outcome
from herzschlag.agents.hypervisor.api import HypervisorSettings
from herzschlag.agents.hypervisor.disk_heartbeats import SlotWriter, Stillness
from herzschlag.agents.hypervisor.io_engine import HostIo, Timer, Volume
from herzschlag.agents.hypervisor.lock_sectors import LockSectors, owner_in
from herzschlag.agents.hypervisor.lock_trace import LockTrace
from herzschlag.agents.hypervisor.owner_watch import FoundLock, OwnerWatch, Verdict
from herzschlag.agents.protocol.messages import LockEvidence

Taken = Callable[[bool, str, str], None]
"""Called once with (held, owner when not held, because)."""

LockPhase = Literal["taking", "watching", "held", "releasing", "unsure"]


class LockLost(NamedTuple):
    """Another host broke a lock of ours while we were cut off."""

    datastore: str
    path: str
    holder: str
    owner: str
    because: str


class Waiting(NamedTuple):
    """A request that waits for a lock still being released here."""

    holder: str
    evidence: tuple[LockEvidence, ...]
    then: Taken


class LockFile:
    """One lock that this host holds, wants, or may still hold."""

    __slots__ = (
        "evidence",
        "given_up_ns",
        "holder",
        "key",
        "path",
        "phase",
        "record",
        "sector",
        "then",
        "verifying",
        "volume",
        "watch",
    )

    def __init__(self, volume: Volume, path: str, holder: str) -> None:
        self.volume = volume
        self.path = path
        self.key = (volume.name, path)
        self.sector = (volume.name, layout.lock_path(volume.kind, path))
        self.holder = holder
        self.phase: LockPhase = "taking"
        self.record = LockRecord(False, "", 0, 0, 0)
        """What we wrote (held), or are about to write (taking, releasing)."""
        self.then: Taken | None = None
        """The request's callback. None while taking: it was given up, so a lock taken all the same is released."""
        self.evidence: tuple[LockEvidence, ...] = ()
        self.watch: OwnerWatch | None = None
        self.verifying = False
        self.given_up_ns = 0
        """Since when its holder does nothing under it; only while releasing."""


class LockManager:
    def __init__(
        self, settings: HypervisorSettings, io: HostIo, slots: dict[str, SlotWriter], still: Stillness
    ) -> None:
        self._io = io
        self._sectors = LockSectors(settings, io)
        self._trace = LockTrace(io)
        self._moid = settings.moid
        self._boot = settings.boot
        self._timers = settings.timers
        self._slots = slots
        self._still = still
        self._locks: dict[tuple[str, str], LockFile] = {}
        self._waiting: dict[tuple[str, str], Waiting] = {}
        """Requests to start when the release is over."""
        self._renewals: dict[str, Timer] = {}
        self.on_lost: Callable[[LockLost], None] = lambda lost: None
        self.on_verified: Callable[[str], None] = lambda holder: None
        """Called with the holder when the lock was checked and is still ours."""

    # --- Public -------------------------------------------------------------------------------------------------------

    def holds(self, datastore: str, path: str) -> bool:
        lock = self._locks.get((datastore, path))
        return lock is not None and lock.phase == "held"

    def held(self) -> tuple[tuple[str, str], ...]:
        return tuple(key for key, lock in self._locks.items() if lock.phase == "held")

    def acquire(self, datastore: str, path: str, holder: str, evidence: tuple[LockEvidence, ...], then: Taken) -> None:
        """Try once. `then` is called at once or later, and exactly once unless `release` comes before."""
        volume = self._io.volumes[datastore]
        lock = self._locks.get((datastore, path))
        if lock is not None and lock.phase == "held" and lock.holder == holder:
            then(True, self._moid, "it was held already")
        elif lock is not None and lock.phase in ("taking", "watching") and lock.then is not None:
            lock.then = then
        elif volume.access != "ok":
            then(False, "", f"{datastore} is not accessible ({volume.access})")
        elif lock is not None:
            self._waiting[datastore, path] = Waiting(holder, evidence, then)
        else:
            self._begin(volume, path, holder, evidence, then)

    def release(self, datastore: str, path: str) -> None:
        """Give the lock up, or stop trying. On a hanging datastore this happens as soon as access returns."""
        self._waiting.pop((datastore, path), None)
        lock = self._locks.get((datastore, path))
        if lock is None:
            return
        if lock.phase == "watching":
            self._forget(lock)
        elif lock.phase == "taking":
            lock.then = None
        elif lock.phase == "held":
            if lock.volume.access == "apd":
                lock.phase, lock.given_up_ns = "unsure", self._io.now_ns
            else:
                self._release(lock)

    def release_held_by(self, holder: str) -> None:
        """Release every lock of one holder, as a kernel closes the files of a dead process."""
        for (datastore, path), lock in list(self._locks.items()):
            if lock.holder == holder:
                self.release(datastore, path)
        self._waiting = {key: waiting for key, waiting in self._waiting.items() if waiting.holder != holder}

    def verify(self, datastore: str, doubtful: bool = True) -> None:
        """Check that every lock believed held on this datastore is still ours, which also renews doubtful ones."""
        for lock in list(self._locks.values()):
            if lock.volume.name == datastore and lock.phase == "held":
                self._verify(lock, doubtful)

    def verify_one(self, datastore: str, path: str) -> bool:
        """Check one lock, which is doubtful; False when it is not held."""
        lock = self._locks.get((datastore, path))
        if lock is None or lock.phase != "held":
            return False
        self._verify(lock, doubtful=True)
        return True

    def access_returned(self, datastore: str) -> None:
        """Find out what became of withdrawn requests, and whether held locks were broken meanwhile."""
        for lock in list(self._locks.values()):
            if lock.volume.name == datastore and lock.phase == "unsure":
                self._look(lock)
        self.verify(datastore)

    # --- Taking and breaking ------------------------------------------------------------------------------------------

    def _begin(self, volume: Volume, path: str, holder: str, evidence: tuple[LockEvidence, ...], then: Taken) -> None:
        lock = LockFile(volume, path, holder)
        lock.then, lock.evidence = then, evidence
        self._locks[lock.key] = lock
        if volume.kind == "vmfs":
            self._slots[volume.name].when_claimed(lambda: self._take(lock, layout.ZERO_SECTOR, None, "it was free"))
        else:
            self._take(lock, layout.ZERO_SECTOR, None, "it was free")

    def _take(self, lock: LockFile, expected: bytes, broken: LockRecord | None, because: str) -> None:
        if lock.then is None or lock.volume.access == "apd":
            self._give_up(lock, "", f"{lock.volume.name} is not accessible")
            return
        before = broken or layout.decode_lock(expected)
        slot = self._slots[lock.volume.name].slot if lock.volume.kind == "vmfs" else 0
        if slot is None:
            self._give_up(lock, "", f"this host has no heartbeat slot on {lock.volume.name}")
            return
        lock.phase = "taking"
        lock.record = LockRecord(True, self._moid, self._boot, slot, before.generation + 1 if before else 1)
        self._set(lock, expected, lambda outcome: self._took(lock, broken, because, outcome))

    def _took(self, lock: LockFile, broken: LockRecord | None, because: str, outcome: Outcome) -> None:
        if outcome.status in FAILED:
            self._give_up(lock, "", f"{lock.volume.name} {FAILED[outcome.status]}")
        elif outcome.status == "mismatch":
            self._occupied(lock, outcome.data)
        else:
            if broken is not None:
                self._trace.changed(lock.key, "held", "broken", broken.owner, because)
            lock.phase = "held"
            self._trace.changed(lock.key, "broken" if broken is not None else "free", "held", self._moid, because)
            if lock.volume.kind == "nfs" and lock.volume.name not in self._renewals:
                self._plan_renewal(lock.volume)
            then, lock.then = lock.then, None
            if then is None:
                self._release(lock)
            else:
                then(True, self._moid, because)

    def _occupied(self, lock: LockFile, data: bytes) -> None:
        try:
            record = layout.decode_lock(data)
        except DamagedRecord as error:
            self._give_up(lock, "", f"its lock record is damaged ({error}): remove the file by hand")
            return
        if record is None or not record.held:
            self._take(lock, data, None, "it was free")
        elif record.owner == self._moid:
            self._take(lock, data, record, "this host itself held it in an earlier life")
        elif lock.then is None or lock.volume.access == "apd":
            self._give_up(lock, record.owner, f"{lock.volume.name} is not accessible")
        else:
            found = FoundLock(lock.volume, lock.path, data, record)
            lock.phase = "watching"
            lock.watch = OwnerWatch(self._io, self._timers, self._still, found, lock.evidence)
            lock.evidence = ()
            if lock.watch.watch(
                lambda verdict, because, seen: self._judged(lock, found.record, verdict, because, seen)
            ):
                because = f"held by {record.owner}: does it live?"
                self._trace.changed(lock.key, "held", "watching", record.owner, because)

    def _judged(self, lock: LockFile, record: LockRecord, verdict: Verdict, because: str, data: bytes) -> None:
        lock.watch = None
        if verdict == "gone":
            self._take(lock, data, record, because)
        elif verdict == "released":
            self._take(lock, data, None, because)
        else:
            self._give_up(lock, record.owner, because)

    def _give_up(self, lock: LockFile, owner: str, because: str) -> None:
        if self._locks.get(lock.key) is not lock:
            return
        then, lock.then = lock.then, None
        self._forget(lock)
        if then is not None:
            self._trace.changed(lock.key, "held" if owner else "free", "denied", owner, because)
            then(False, owner, because)

    def _forget(self, lock: LockFile) -> None:
        if lock.watch is not None:
            lock.watch.stop()
        del self._locks[lock.key]
        waiting = self._waiting.pop(lock.key, None)
        if waiting is not None:
            self.acquire(*lock.key, waiting.holder, waiting.evidence, waiting.then)

    # --- Keeping ------------------------------------------------------------------------------------------------------

    def _plan_renewal(self, volume: Volume) -> None:
        at_ns = self._io.now_ns + self._timers.nfs_lock_renew_ns
        self._renewals[volume.name] = self._io.at(at_ns, lambda: self._renew(volume))

    def _renew(self, volume: Volume) -> None:
        del self._renewals[volume.name]
        if any(lock.volume is volume and lock.phase == "held" for lock in self._locks.values()):
            self._plan_renewal(volume)
        if volume.access != "apd":
            self.verify(volume.name)

    def _verify(self, lock: LockFile, doubtful: bool) -> None:
        """A doubtful lock, of a host that stood still or was cut off, is written anew: another host may have found us
        dead, and its test-and-set that breaks the lock be under way. One of the two fails."""
        if lock.verifying or lock.volume.access == "apd":
            return
        lock.verifying = True
        if doubtful or lock.volume.kind == "nfs":
            self._renew_one(lock, lock.record)
        else:
            self._read(lock, lambda outcome: self._verified(lock, outcome, surely=False))

    def _renew_one(self, lock: LockFile, now: LockRecord) -> None:
        renewed = msgspec.structs.replace(now, generation=now.generation + 1)
        self._sectors.test_and_set(
            lock.sector,
            layout.encode_lock(now),
            renewed,
            lambda outcome: self._renewed(lock, renewed, outcome),
            lambda: self._unverified(lock),
        )

    def _renewed(self, lock: LockFile, renewed: LockRecord, outcome: Outcome) -> None:
        if outcome.status == "ok":
            lock.record, lock.verifying = renewed, False
            if lock.phase == "held":
                self.on_verified(lock.holder)
        elif outcome.status in ("full", "read-only"):
            self._read(lock, lambda found: self._verified(lock, found))
        else:
            self._verified(lock, outcome)

    def _unverified(self, lock: LockFile) -> None:
        lock.verifying = False

    def _verified(self, lock: LockFile, outcome: Outcome, surely: bool = True) -> None:
        """A read may give old data: that a lock is another's is sure when ours cannot be written anew."""
        lock.verifying = False
        if lock.phase != "held" or outcome.status in ("lost", "full", "read-only"):
            return
        if (record := self._sectors.ours(outcome.data)) is not None:
            lock.record = record
            self.on_verified(lock.holder)
        elif not surely:
            self._verify(lock, doubtful=True)
        else:
            owner = owner_in(outcome.data)
            because = f"lock lost to {owner or 'nobody'} while cut off"
            self._trace.changed(lock.key, "held", "lost", owner, because)
            self._forget(lock)
            self.on_lost(LockLost(*lock.key, lock.holder, owner, because))

    # --- Releasing ----------------------------------------------------------------------------------------------------

    def _release(self, lock: LockFile) -> None:
        lock.phase = "releasing"
        lock.given_up_ns = self._io.now_ns
        before = lock.record
        lock.record = msgspec.structs.replace(before, held=False, generation=before.generation + 1)
        self._set(lock, layout.encode_lock(before), lambda outcome: self._released(lock, outcome))

    def _released(self, lock: LockFile, outcome: Outcome) -> None:
        if outcome.status == "ok":
            # Another host may have taken it before this one hears that it is rid of it. A length, not an instant: this
            # host's clock may be wrong.
            ago_ns = self._io.now_ns - lock.given_up_ns
            self._trace.changed(lock.key, "held", "free", self._moid, "released", given_up_ago_ns=ago_ns)
            self._forget(lock)
        elif outcome.status in FAILED:
            self._unsure(lock, outcome)
        else:
            self._looked(lock, outcome)

    def _set(self, lock: LockFile, expected: bytes, then: Callable[[Outcome], None]) -> None:
        self._sectors.test_and_set(lock.sector, expected, lock.record, then, lambda: self._withdrawn(lock))

    def _withdrawn(self, lock: LockFile) -> None:
        """The datastore hangs: the request may or may not have been carried out. Find out later, and free the lock."""
        then, lock.then = lock.then, None
        lock.phase = "unsure"
        if then is not None:
            because = f"{lock.volume.name} does not answer"
            self._trace.changed(lock.key, "free", "denied", "", because)
            then(False, "", because)

    def _unsure(self, lock: LockFile, outcome: Outcome) -> None:
        lock.phase = "unsure"
        if outcome.status != "lost":  # the datastore works, so its return will not be noticed
            self._io.at(self._io.now_ns + self._timers.vmfs_retry_ns, lambda: self._look(lock))

    def _look(self, lock: LockFile) -> None:
        if lock.verifying or self._locks.get(lock.key) is not lock or lock.phase != "unsure":
            return
        lock.verifying = True
        self._read(lock, lambda outcome: self._looked(lock, outcome))

    def _read(self, lock: LockFile, then: Callable[[Outcome], None]) -> None:
        self._sectors.read(lock.sector, then, lambda: self._unverified(lock))

    def _looked(self, lock: LockFile, outcome: Outcome) -> None:
        """Release it if it is ours after all, else forget it."""
        lock.verifying = False
        if outcome.status in FAILED:
            self._unsure(lock, outcome)
            return
        if (record := self._sectors.ours(outcome.data)) is None:
            if lock.given_up_ns:
                self._trace.changed(lock.key, "held", "lost", "", "broken before it could be released")
            self._forget(lock)
        else:
            lock.record = record
            self._release(lock)
