"""A simulated process: its core is woken when it asked to be, not earlier, and after it has read all arrivals."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from herzschlag.agents.core import Core
from herzschlag.agents.protocol.events import WAKE
from herzschlag.backends.simulation.process import Clock, Process
from herzschlag.backends.simulation.queue import EventQueue


class Sleeper(Core):
    """A core that wakes at given instants, and notes every event."""

    def __init__(self, *wakes_ns: int) -> None:
        self.wakes_ns = list(wakes_ns)
        self.told: list[tuple[int, Any]] = []

    def handle(self, event: Any, now_ns: int) -> list[Any]:
        self.told.append((now_ns, event))
        if event is WAKE:
            self.wakes_ns.pop(0)
        elif isinstance(event, int):
            self.wakes_ns[0] = event
        return []

    def wake_at_ns(self) -> int | None:
        return self.wakes_ns[0] if self.wakes_ns else None


class Bench:
    """The surroundings of one process."""

    name = "bench"

    def __init__(self, *wakes_ns: int) -> None:
        self.queue = EventQueue()
        self.pending: deque[tuple[Process, Any]] = deque()
        self.clock = Clock(self.queue)
        self.core = Sleeper(*wakes_ns)
        self.process = Process(self, self.clock, self.core, lambda actions: None)
        self.process.rearm()

    def drain(self) -> None:
        raise AssertionError("one process alone has none to speak to")


def test_what_arrives_at_the_instant_of_a_timeout_comes_before_it() -> None:
    """As a real loop reads its sockets before it looks at its timer: unread mail is not silence."""
    bench = Bench(10)
    bench.queue.put(10, bench.process.step, "mail")
    bench.queue.run_until(20)
    assert bench.core.told == [(10, "mail"), (10, WAKE)]


def test_a_timer_pushed_back_fires_late_and_one_drawn_forward_early() -> None:
    late, early = Bench(10), Bench(10)
    late.queue.put(5, late.process.step, 15)
    late.queue.run_until(20)
    assert late.core.told == [(5, 15), (15, WAKE)]
    early.queue.put(5, early.process.step, 7)
    early.queue.run_until(20)
    assert early.core.told == [(5, 7), (7, WAKE)]


def test_the_dead_are_not_woken_and_the_stopped_only_when_they_go_on() -> None:
    dead, stopped = Bench(10), Bench(10)
    dead.process.kill()
    dead.queue.run_until(20)
    assert dead.core.told == []
    stopped.process.stopped = True
    stopped.queue.run_until(20)
    stopped.process.stopped = False
    stopped.process.rearm()
    stopped.queue.run_until(30)
    assert stopped.core.told == [(20, WAKE)]


def test_a_clock_leaps_ahead_and_never_back() -> None:
    bench = Bench(10, 30, 40)
    bench.clock.set_ahead(5)
    bench.process.rearm()
    bench.queue.run_until(8)
    assert bench.core.told == [(10, WAKE)], "five ahead: its ten is our five"
    bench.clock.set_ahead(-10)
    bench.process.rearm()
    assert bench.clock.read_ns() == 13, "it stands still"
    bench.queue.run_until(60)
    assert bench.core.told[1:] == [(30, WAKE), (40, WAKE)] and bench.clock.read_ns() == 50


def test_a_core_that_never_sleeps_is_a_bug_of_ours_and_said_so() -> None:
    bench = Bench(*[10] * 5000)
    with pytest.raises(AssertionError, match="Sleeper wants to be woken at 10 ns for ever"):
        bench.queue.run_until(20)
