"""A simulated process: one core, one timer, alive until killed.

This module decides when its core is called: at an event, and at the instant the core asked to be woken. Its node
decides what the core's actions do. A timer that a core pushes back is not taken out of the queue: it fires, sees that
nothing is due, and is set again. So a heartbeat that postpones a timeout costs no work in the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappush
from typing import Any, Protocol

from herzschlag.agents.clock import RIGHT
from herzschlag.agents.core import Core
from herzschlag.agents.protocol.events import WAKE
from herzschlag.backends.simulation.queue import EventQueue

NEVER = 1 << 61  # compiled code computes fastest below 2**62
"""Later than any instant of a run."""


class Clock:
    """One node's monotonic clock: virtual time, and the error of the clock."""

    __slots__ = ("_queue", "right", "setting")

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue
        self.setting = RIGHT
        self.right = True
        """Whether it shows virtual time itself, as it nearly always does; then it need not be read."""

    def read_ns(self) -> int:
        return self.setting.local_ns(self._queue.now_ns)

    def set_ahead(self, ahead_ns: int) -> None:
        self.setting = self.setting.moved(ahead_ns, self._queue.now_ns)
        self.right = False

    def virtual_ns(self, local_ns: int) -> int:
        """The virtual time at which this clock will show `local_ns`."""
        return self.setting.true_ns(local_ns)


WAKES_AT_ONCE_MAX = 1000
"""A core that asks to be woken at once this often at one instant will never stop."""


class Surroundings(Protocol):
    """The part of its node that a process needs."""

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
        "_fires",
        "_node",
        "_pending",
        "_perform",
        "_queue",
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
        self._perform = perform
        self._armed_ns = NEVER
        self._fires: Callable[[int], None] = self._fire  # made once, not at every setting of the timer
        self.core = core
        self.alive = True
        self.stopped = False
        """Whether it is frozen; its timers then fire when it goes on."""

    def step(self, event: Any) -> None:
        """Hand the core an event and carry out what it wants."""
        actions = self.core.handle(event, self._queue.now_ns if self._clock.right else self._clock.read_ns())
        if actions:
            self._perform(actions)
            pending = self._pending
            if pending and pending[-1][0] is self:
                return  # an answer to the core is waiting already: the timer is set after that
        wake_ns = self.core.wake_at_ns()
        if wake_ns is not None and wake_ns < self._armed_ns and self.alive:
            self._arm(wake_ns)

    def rearm(self) -> None:
        """Set the timer anew, after a freeze or a leap of the clock."""
        wake_ns = self.core.wake_at_ns()
        if wake_ns is not None and self.alive:
            self._arm(wake_ns)

    def kill(self) -> None:
        self.alive = False

    def _arm(self, wake_ns: int) -> None:
        """Set the timer for `wake_ns` by the node's own clock."""
        queue = self._queue
        self._armed_ns = wake_ns
        at_ns = wake_ns if self._clock.right else self._clock.virtual_ns(wake_ns)
        if at_ns <= queue.now_ns:
            at_ns = queue.now_ns
            self._at_once += 1
            if self._at_once > WAKES_AT_ONCE_MAX:
                core = type(self.core).__name__
                raise AssertionError(f"{self._node.name}: {core} wants to be woken at {at_ns} ns for ever")
        else:
            self._at_once = 0
        heappush(queue.heap, (at_ns, next(queue.timer_order), self._fires, wake_ns))

    def _fire(self, armed_ns: int) -> None:
        if armed_ns != self._armed_ns or not self.alive:
            return  # an earlier timer took its place, or no core is left to wake
        self._armed_ns = NEVER
        if self.stopped:
            return
        wake_ns = self.core.wake_at_ns()
        if wake_ns is None:
            return
        if wake_ns <= (self._queue.now_ns if self._clock.right else self._clock.read_ns()):
            self.step(WAKE)
            if self._pending:
                self._node.drain()
        else:
            self._arm(wake_ns)  # meanwhile the core pushed the timer back
