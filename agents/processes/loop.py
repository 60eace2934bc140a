"""One small loop that drives any core: sockets and one timer in, events to the core, its actions out.

This module decides when a core is called and how late its timers fired; leaves what an action means to the drivers,
which hand in `perform`. Input is read before timers are looked at: a process that was kept waiting must not conclude
silence from packets it has not read yet. A core is never woken a hair early: it is handed max(clock, deadline).

All instants here are the machine's but for those the core sees and gives: they are its host's (`clock.py`).
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from herzschlag.agents.clock import RIGHT, ClockSetting
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.record_file import Lateness, RecordFile
from herzschlag.agents.records import ProcessName

EARLY_NS = 1_000
"""select may return this much before the time asked for."""


class Core(Protocol):
    """The three calls of every core."""

    def handle(self, event: Any, now_ns: int) -> list[Any]: ...

    def wake_at_ns(self) -> int | None: ...


class Chore:
    """Something a driver does by itself now and then, while `wanted()`."""

    def __init__(self, interval_ns: int, wanted: Callable[[], bool], work: Callable[[], None]) -> None:
        self._interval_ns = interval_ns
        self.wanted = wanted
        self._work = work
        self.due_ns = 0

    def run(self, now_ns: int) -> None:
        if now_ns >= self.due_ns and self.wanted():
            self.due_ns = now_ns + self._interval_ns
            self._work()


class Loop:
    """Runs one core until `stop` is called or its process is killed."""

    def __init__(
        self,
        core: Core,
        wake: Any,
        perform: Callable[[Any, int], None],
        records: RecordFile,
        process: ProcessName,
        *,
        clock: ClockSetting = RIGHT,
    ) -> None:
        self._core = core
        self.clock = clock
        self._clock_set_ns = 0
        self._wake = wake
        self._perform = perform
        self._readers: dict[int, Callable[[], None]] = {}
        self._channels: list[Channel] = []
        self._chores: list[Chore] = []
        self._lateness = Lateness(records, process)
        self._events: deque[Any] = deque()
        self._feeding = False
        self._running = True
        self._now_ns = 0

    def watch(self, descriptor: int, readable: Callable[[], None]) -> None:
        """Call `readable` whenever there is something to read; it must not block."""
        self._readers[descriptor] = readable

    def unwatch(self, descriptor: int) -> None:
        self._readers.pop(descriptor, None)

    def join(self, channel: Channel, received: Callable[[Any], None], closed: Callable[[], None]) -> None:
        """Hand over what comes through the channel, and send on what it could not send at once."""

        def readable() -> None:
            values, is_open = channel.receive()
            for value in values:
                received(value)
            if not is_open:
                self.leave(channel)
                closed()

        self._channels.append(channel)
        self.watch(channel.fileno(), readable)

    def leave(self, channel: Channel) -> None:
        if channel in self._channels:
            self._channels.remove(channel)
            self.unwatch(channel.fileno())
            channel.close()

    def add(self, chore: Chore) -> None:
        self._chores.append(chore)

    def stop(self) -> None:
        self._running = False

    def set_clock(self, ahead_ns: int) -> None:
        """From now on the core's clock is that far ahead; what is due by it already is dealt with in this turn."""
        self._clock_set_ns = max(time.monotonic_ns(), self._now_ns)
        self.clock = self.clock.moved(ahead_ns, self._clock_set_ns)

    def feed(self, event: Any, now_ns: int | None = None) -> None:
        """Hand the core an event and carry its actions out. One fed meanwhile waits until those are done."""
        self._events.append(event)
        if self._feeding:
            return
        self._feeding = True
        if now_ns is None:
            now_ns = time.monotonic_ns()
        while self._events:
            # Cores refuse a clock that goes back, as one taken before a packet was read may seem to.
            self._now_ns = now_ns = max(now_ns, self._now_ns)
            for action in self._core.handle(self._events.popleft(), self.clock.local_ns(now_ns)):
                self._perform(action, now_ns)
            now_ns = time.monotonic_ns()
        self._feeding = False

    def run(self) -> None:
        while self._running:
            self.turn(self._timeout_s())

    def turn(self, timeout_s: float | None) -> None:
        """Wait for input at most this long, deal with it, then with what is due."""
        # select, not epoll: its timeout counts microseconds, epoll's milliseconds; there are a handful of descriptors.
        waiting = [channel for channel in self._channels if channel.waiting]
        planned_ns = self._deadline_ns()
        readable, writable, _ = select.select(list(self._readers), waiting, [], timeout_s)
        # Looked at before anything is read: what is due may be dealt with by the event that is read first.
        woke_ns = time.monotonic_ns()
        late_ns = woke_ns - planned_ns if planned_ns is not None and woke_ns >= planned_ns else None
        for channel in writable:
            channel.flush()
        for descriptor, reader in [(descriptor, self._readers[descriptor]) for descriptor in readable]:
            if self._readers.get(descriptor) is reader:  # else closed meanwhile, and perhaps another's number now
                reader()
        deadline_ns = self._deadline_ns()
        now_ns = time.monotonic_ns()
        if deadline_ns is not None and now_ns >= deadline_ns - EARLY_NS:
            late_ns = max(late_ns or 0, now_ns - deadline_ns)
            self.feed(self._wake, max(now_ns, deadline_ns))
        if late_ns is not None:
            self._lateness.fired(max(0, late_ns), now_ns)
        for chore in self._chores:
            chore.run(now_ns)

    def _deadline_ns(self) -> int | None:
        """When the core is to be woken. A clock that leapt over it did so when it was set, and not before."""
        local_ns = self._core.wake_at_ns()
        if local_ns is None:
            return None
        return max(self.clock.true_ns(local_ns), self._clock_set_ns)

    def _timeout_s(self) -> float | None:
        due = [chore.due_ns for chore in self._chores if chore.wanted()]
        deadline_ns = self._deadline_ns()
        if deadline_ns is not None:
            due.append(deadline_ns)
        return max(0, min(due) - time.monotonic_ns()) / 1e9 if due else None
