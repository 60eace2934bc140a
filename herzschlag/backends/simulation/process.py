"""A simulated process: one core, one timer, alive until killed.

Decides when its core is called: at an event, and at the instant the core asked to be woken. Leaves what the core's
actions do to its node. A timer that a core pushes back is not taken out of the queue: it fires, sees that nothing is
due, and is set again. So a heartbeat that postpones a timeout costs no work in the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from agents.events import WAKE
from herzschlag.backends.simulation.queue import EventQueue

NEVER = 1 << 63
"""Later than any instant of a run."""


class Core(Protocol):
    """The calls that every core has."""

    def handle(self, event: Any, now_ns: int) -> list[Any]: ...

    def wake_at_ns(self) -> int | None: ...


class Clock:
    """One node's monotonic clock: virtual time and an offset. It may leap ahead; it never goes back."""

    __slots__ = ("_queue", "ahead_ns", "least_ns")

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue
        self.ahead_ns = 0
        self.least_ns = 0
        """What was last read before the offset shrank: until virtual time has caught up, the clock stands still."""

    def set_ahead(self, ahead_ns: int) -> None:
        self.least_ns = max(self.least_ns, self._queue.now_ns + self.ahead_ns)
        self.ahead_ns = ahead_ns


WAKES_AT_ONCE_MAX = 1000
"""A core that asks to be woken at once this often at one instant will never stop."""


class Surroundings(Protocol):
    """What a process needs of its node."""

    @property
    def name(self) -> str: ...

    @property
    def queue(self) -> EventQueue: ...

    @property
    def pending(self) -> deque[tuple[Process, Any]]: ...

    def drain(self) -> None: ...


class Process:
    __slots__ = (
        "_armed_ns",
        "_at_once",
        "_clock",
        "_handle",
        "_node",
        "_pending",
        "_perform",
        "_queue",
        "_wake_at_ns",
        "alive",
        "core",
        "stopped",
    )

    def __init__(self, node: Surroundings, clock: Clock, core: Core, perform: Callable[[list[Any]], None]) -> None:
        self._node = node
        self._queue = node.queue
        self._pending = node.pending
        self._clock = clock
        self._at_once = 0
        self._handle = core.handle
        self._wake_at_ns = core.wake_at_ns
        self._perform = perform
        self._armed_ns = NEVER
        self.core = core
        self.alive = True
        self.stopped = False
        """Frozen: its timers fire when it goes on."""

    def step(self, event: Any) -> None:
        """Hand the core an event and carry out what it wants."""
        clock = self._clock
        ahead_ns = clock.ahead_ns
        now_ns = self._queue.now_ns + ahead_ns
        actions = self._handle(event, now_ns if now_ns >= clock.least_ns else clock.least_ns)
        if actions:
            self._perform(actions)
        wake_ns = self._wake_at_ns()
        if wake_ns is not None and wake_ns - ahead_ns < self._armed_ns and self.alive:
            self._arm(wake_ns - ahead_ns)

    def rearm(self) -> None:
        """Set the timer anew, after a freeze or a leap of the clock."""
        wake_ns = self._wake_at_ns()
        if wake_ns is not None and self.alive:
            self._arm(wake_ns - self._clock.ahead_ns)

    def kill(self) -> None:
        self.alive = False

    def _arm(self, at_ns: int) -> None:
        now_ns = self._queue.now_ns
        if at_ns <= now_ns:
            at_ns = now_ns
            self._at_once += 1
            if self._at_once > WAKES_AT_ONCE_MAX:
                raise AssertionError(
                    f"{self._node.name}: {type(self.core).__name__} wants to be woken at {at_ns} ns forever"
                )
        else:
            self._at_once = 0
        self._armed_ns = at_ns
        self._queue.put(at_ns, self._fire, at_ns)

    def _fire(self, armed_ns: int) -> None:
        if armed_ns != self._armed_ns or not self.alive:
            return  # an earlier timer took its place, or there is nobody left to wake
        self._armed_ns = NEVER
        if self.stopped:
            return
        wake_ns = self._wake_at_ns()
        if wake_ns is None:
            return
        clock = self._clock
        now_ns = self._queue.now_ns + clock.ahead_ns
        if wake_ns <= now_ns and now_ns >= clock.least_ns:
            self.step(WAKE)
            if self._pending:
                self._node.drain()
        else:  # pushed back meanwhile, or the clock stands still until virtual time has caught up
            self._arm(max(wake_ns, clock.least_ns) - clock.ahead_ns)
