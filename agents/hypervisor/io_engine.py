"""The I/O engine of one host: request numbers, timers, and what the outcomes say about access to each datastore.

This module decides when a datastore counts as hanging (`apd`: a request without outcome for the I/O limit), failed
(`pdl`: an outcome `lost`) and working again (any other outcome). It leaves to the parts that ask (`disk_heartbeats.py`,
`locks.py`, the hypervisor) what to ask and what to do then. It is pure: `now_ns` is set from outside, work comes out as
actions.

A request that must not be carried out late (taking or breaking a lock) names an `abort` callback: when the
datastore hangs it is withdrawn, because what was true when it was asked need not be true when access returns.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from herzschlag.agents.datastore.requests import AnyIo, Outcome
from herzschlag.agents.hypervisor.api import AbortIo, AnyHypervisorAction, Io
from herzschlag.agents.protocol.actions import Trace
from herzschlag.agents.records import AnyEntry, StorageAccess
from herzschlag.agents.settings import DatastoreKind
from herzschlag.agents.states import DatastoreAccess

Then = Callable[[Outcome], None]
Abort = Callable[[], None]


class Timer:
    """One timer. A cancelled one stays in the queue and does nothing."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Volume:
    """The state of this host's access to one datastore."""

    __slots__ = ("access", "kind", "limit_at_ns", "name", "pending", "since_ns")

    def __init__(self, name: str, kind: DatastoreKind) -> None:
        self.name = name
        self.kind = kind
        self.access: DatastoreAccess = "ok"
        self.since_ns = 0
        self.pending: dict[int, tuple[int, Then, Abort | None]] = {}
        """Request number to (asked at, then, abort), oldest first."""
        self.limit_at_ns: int | None = None
        """When the oldest request will have taken too long; None without a request, or while it is known to hang."""


class HostIo:
    def __init__(self, datastores: dict[str, DatastoreKind], io_limit_ns: int) -> None:
        self.now_ns = 0
        self.actions: list[AnyHypervisorAction] = []
        self.volumes = {name: Volume(name, kind) for name, kind in datastores.items()}
        self.on_access: list[Callable[[Volume, DatastoreAccess], None]] = []
        """Called with the volume (its new access set) and the old access."""
        self._io_limit_ns = io_limit_ns
        self._timers: list[tuple[int, int, Timer]] = []
        self._next_timer = 0
        self._next_request = 1
        self._limit_at_ns: int | None = None

    # --- Time ---------------------------------------------------------------------------------------------------------

    def begin(self, now_ns: int) -> None:
        if now_ns < self.now_ns:
            raise AssertionError(f"time went back from {self.now_ns} to {now_ns} ns: drivers hand in a monotonic clock")
        self.now_ns = now_ns
        self.actions = []

    def at(self, at_ns: int, callback: Callable[[], None]) -> Timer:
        timer = Timer(callback)
        self._next_timer += 1
        heappush(self._timers, (at_ns, self._next_timer, timer))
        return timer

    def wake_at_ns(self) -> int | None:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        if not timers:
            return self._limit_at_ns
        at_ns = timers[0][0]
        limit = self._limit_at_ns
        return at_ns if limit is None or at_ns < limit else limit

    def fire(self) -> None:
        """Run the timers that are due."""
        if self._limit_at_ns is not None and self._limit_at_ns <= self.now_ns:
            for volume in self.volumes.values():
                if volume.limit_at_ns is not None and volume.limit_at_ns <= self.now_ns:
                    self._hangs(volume)
        timers = self._timers
        while timers and timers[0][0] <= self.now_ns:
            callback = heappop(timers)[2].callback
            if callback is not None:
                callback()

    # --- Requests -----------------------------------------------------------------------------------------------------

    def request(self) -> int:
        """A fresh request number."""
        number = self._next_request
        self._next_request = number + 1
        return number

    def submit(self, request: AnyIo, then: Then, abort: Abort | None = None) -> None:
        volume = self.volumes[request.datastore]
        assert abort is None or volume.access != "apd", (
            f"{volume.name} hangs: a request that must not be carried out late waits until access returns"
        )
        volume.pending[request.request] = (self.now_ns, then, abort)
        self.actions.append(Io(request))
        if volume.limit_at_ns is None and volume.access != "apd":
            volume.limit_at_ns = self.now_ns + self._io_limit_ns
            if self._limit_at_ns is None or volume.limit_at_ns < self._limit_at_ns:
                self._limit_at_ns = volume.limit_at_ns

    def done(self, outcome: Outcome) -> None:
        for volume in self.volumes.values():
            pending = volume.pending.pop(outcome.request, None)
            if pending is not None:
                break
        else:
            return  # It was withdrawn, but the driver was quicker. The part that withdrew it checks for itself.
        access: DatastoreAccess = "pdl" if outcome.status == "lost" else "ok"
        if volume.pending:
            oldest = next(iter(volume.pending.values()))[0]
            volume.limit_at_ns = max(oldest, self.now_ns if volume.access == "apd" else 0) + self._io_limit_ns
        else:
            volume.limit_at_ns = None
        self._limit_at_ns = self._earliest_limit_ns()
        if access != volume.access:
            self._change(volume, access, f"I/O {'fails' if access == 'pdl' else 'works'} ({outcome.status})")
        pending[1](outcome)

    def trace(self, entry: AnyEntry) -> None:
        self.actions.append(Trace(entry))

    def _earliest_limit_ns(self) -> int | None:
        found: int | None = None
        for volume in self.volumes.values():
            limit_at_ns = volume.limit_at_ns
            if limit_at_ns is not None and (found is None or limit_at_ns < found):
                found = limit_at_ns
        return found

    # --- Access -------------------------------------------------------------------------------------------------------

    def _hangs(self, volume: Volume) -> None:
        volume.limit_at_ns = None
        self._limit_at_ns = self._earliest_limit_ns()
        if volume.access != "apd":
            since_ns = min((entry[0] for entry in volume.pending.values()), default=self.now_ns)
            self._change(volume, "apd", "an I/O got no answer within the limit of one heartbeat write", since_ns)
        withdrawn = [(request, entry[2]) for request, entry in volume.pending.items() if entry[2] is not None]
        for request, abort in withdrawn:
            del volume.pending[request]
            self.actions.append(AbortIo(volume.name, request))
            if abort is not None:
                abort()

    def _change(self, volume: Volume, access: DatastoreAccess, because: str, since_ns: int | None = None) -> None:
        before, volume.access = volume.access, access
        volume.since_ns = self.now_ns if since_ns is None else since_ns
        self.trace(StorageAccess(datastore=volume.name, from_=before, to=access, because=because))
        for callback in self.on_access:
            callback(volume, before)
