"""The queue of virtual time: everything that will happen, in one order.

This module decides what happens next: the earliest entry; at one instant what arrives before what is merely due, as the
loop that drives a real core reads its sockets before it looks at its timer; and among equals the one that was put in
first. Nothing else in the simulation decides an order, so one seed gives one history. What an entry means is its
owner's business.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

TIMERS_AFTER = 1 << 62
"""The first order number of timers, after every arrival of the same instant."""


class EventQueue:
    """A heap of (instant, order, call, argument). `now_ns` only grows."""

    __slots__ = ("heap", "interrupted", "now_ns", "order", "timer_order")

    def __init__(self) -> None:
        self.now_ns = 0
        self.interrupted = False
        """A call sets this to make `run_until` return after it."""
        self.heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        """The heap itself, to which the hot paths of `process.py` and `network.py` push without the cost of a call."""
        self.order = count()
        self.timer_order = count(TIMERS_AFTER)

    def __len__(self) -> int:
        return len(self.heap)

    def put(self, at_ns: int, call: Callable[[Any], None], argument: Any) -> None:
        """Have `call(argument)` happen at `at_ns`, or now if `at_ns` has passed."""
        heappush(self.heap, (max(at_ns, self.now_ns), next(self.order), call, argument))

    def run_until(self, until_ns: int) -> bool:
        """Let everything up to and including `until_ns` happen. False: interrupted before that, time stops there."""
        heap = self.heap
        while heap and heap[0][0] <= until_ns:
            at_ns, _, call, argument = heappop(heap)
            self.now_ns = at_ns
            call(argument)
            if self.interrupted:
                self.interrupted = False
                return False
        self.now_ns = max(self.now_ns, until_ns)
        return True
