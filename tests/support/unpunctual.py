"""A simulation whose timers and packets are late by chance, as those of real processes are.

In virtual time everything happens on the instant, and what happens at one instant has one order. On real packets a few
milliseconds decide it. A scenario played with both late by chance shows in seconds what would differ between
one run on real packets and the next.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappush
from typing import Any

import pytest

from herzschlag.backends.simulation import network, process

LATE_MS = 6.0
"""The most that a timer is late, in protocol time. Faults come 10 ms after a heartbeat: more would not be a tie."""
SLOW_MS = 2.0
"""The most that a packet is late, in protocol time."""


@contextmanager
def unpunctual(seed: str) -> Iterator[None]:
    """Every timer set in here fires up to LATE_MS late, most of them far less; packets arrive up to SLOW_MS late, in
    the order in which they were sent."""
    draw = random.Random(f"unpunctual/{seed}")
    last_ns = 0

    def push_late(heap: list[Any], entry: tuple[int, Any, Any, Any]) -> None:
        at_ns, *rest = entry
        heappush(heap, (at_ns + round(draw.random() ** 3 * LATE_MS * 1e6), *rest))

    def push_slow(heap: list[Any], entry: tuple[int, Any, Any, Any]) -> None:
        nonlocal last_ns
        at_ns, *rest = entry
        last_ns = max(last_ns, at_ns + round(draw.random() * SLOW_MS * 1e6))
        heappush(heap, (last_ns, *rest))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "heappush", push_late)
        patch.setattr(network, "heappush", push_slow)
        yield
