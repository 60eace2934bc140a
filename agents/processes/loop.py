"""One small loop that drives any core: sockets and one timer in, events to the core, its actions out.

Decides when a core is called and how late its timers fired; leaves what an action means to the drivers, which hand
in `perform`. Input is read before timers are looked at: a process that was kept waiting must not conclude silence
from packets it has not read yet. A core is never woken a hair early: it is handed max(clock, deadline).

All instants here are the machine's but for those the core sees and gives: they are its host's (`clock.py`).
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from herzschlag.agents import records
from herzschlag.agents.clock import RIGHT, ClockSetting
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.records import ProcessName

LATENESS_REPORT_NS = 2_000_000_000
"""A record of timer lateness at least this often (real time) while timers fire ..."""
LATENESS_FIRST_NS = 100_000_000
"""... the first one after this ..."""
LATENESS_NOTABLE_NS = 5_000_000
"""... and at once when one fires later than this and later than all before it."""
LATENESS_KEPT = 10_000
"""... or after so many timers."""
DROP_REPORT_NS = 1_000_000_000
"""At most one `undelivered` record per network, direction and reason in this time (real)."""

EARLY_NS = 1_000
"""select may return this much before the time asked for."""
_encode = msgspec.json.Encoder().encode


class Core(Protocol):
    """The three calls of every core."""

    def handle(self, event: Any, now_ns: int) -> list[Any]: ...

    def wake_at_ns(self) -> int | None: ...


class Recorder:
    """Writes records of one node to the file that all processes of a run share: whole lines, one write each."""

    def __init__(self, descriptor: int, node: str) -> None:
        self.descriptor = descriptor
        self.node = node

    def write(self, at_ns: int, entry: records.Entry) -> None:
        line = _encode({"at_ns": at_ns, "node": self.node} | msgspec.to_builtins(entry)) + b"\n"
        written = os.write(self.descriptor, line)
        if written != len(line):
            raise OSError(f"only {written} of {len(line)} bytes of a record were written: is the disk full?")


class Lateness:
    """How late timers fired (real time), in records that a killed process cannot take with it."""

    def __init__(self, recorder: Recorder, process: ProcessName) -> None:
        self._recorder = recorder
        self._process = process
        # The first one soon: a run at a high speed may be over in a second, and who says nothing proves nothing.
        self._reported_at_ns = time.monotonic_ns() - LATENESS_REPORT_NS + LATENESS_FIRST_NS
        self._late_ns: list[int] = []
        self._worst_ns = LATENESS_NOTABLE_NS

    def fired(self, late_ns: int, now_ns: int) -> None:
        self._late_ns.append(late_ns)
        notable = late_ns > self._worst_ns
        if notable or now_ns - self._reported_at_ns >= LATENESS_REPORT_NS or len(self._late_ns) >= LATENESS_KEPT:
            self._worst_ns = max(self._worst_ns, late_ns)
            self._reported_at_ns = now_ns
            late = sorted(self._late_ns)
            p99_ns = late[len(late) * 99 // 100]
            self._recorder.write(
                now_ns, records.Lateness(process=self._process, max_ns=late[-1], p99_ns=p99_ns, count=len(late))
            )
            self._late_ns.clear()


class Drops:
    """Counts what was refused or could not be sent, and tells without flooding the history."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._untold: dict[tuple[str, str, str], int] = {}
        self._told_at_ns: dict[tuple[str, str, str], int] = {}
        self.totals: dict[tuple[str, str, str], int] = {}

    def count(self, direction: Literal["in", "out"], network: str, reason: str, because: str, now_ns: int) -> None:
        key = (direction, network, reason)
        self.totals[key] = self.totals.get(key, 0) + 1
        self._untold[key] = self._untold.get(key, 0) + 1
        told_at_ns = self._told_at_ns.get(key)
        if told_at_ns is not None and now_ns - told_at_ns < DROP_REPORT_NS:
            return
        self._told_at_ns[key] = now_ns
        self._recorder.write(
            now_ns,
            records.Undelivered(
                direction=direction,
                network=network,
                reason=reason,
                because=because,
                count=self._untold.pop(key),
                total=self.totals[key],
            ),
        )


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
        recorder: Recorder,
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
        self._lateness = Lateness(recorder, process)
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
        readable, writable, _ = select.select(list(self._readers), waiting, [], timeout_s)
        for channel in writable:
            channel.flush()
        for descriptor, reader in [(descriptor, self._readers[descriptor]) for descriptor in readable]:
            if self._readers.get(descriptor) is reader:  # else closed meanwhile, and perhaps another's number now
                reader()
        deadline_ns = self._deadline_ns()
        now_ns = time.monotonic_ns()
        if deadline_ns is not None and now_ns >= deadline_ns - EARLY_NS:
            self._lateness.fired(max(0, now_ns - deadline_ns), now_ns)
            self.feed(self._wake, max(now_ns, deadline_ns))
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
