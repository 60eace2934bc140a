"""A bad line: the numbering of its packets, its queue, and counters of what it did. Pure.

This module decides when the packets of one directed link leave a line of a given quality. It leaves the fate of each to
`fate.py`, and carrying packets to the relay and the simulation, which both keep one of these for every impaired link.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import msgspec

from herzschlag.topo.impairments.course import Progress
from herzschlag.topo.impairments.fate import fate, line_key
from herzschlag.topo.impairments.values import PERFECT, Course, Quality, always
from herzschlag.topo.spec import DirectedLink

QUEUE_PACKETS_MAX = 100
"""A line with a rate loses what finds so many packets waiting."""
SECOND = 1_000_000_000


class Counts(msgspec.Struct):
    """What happened on a line since its quality last changed. Times are nanoseconds of the clock of the caller."""

    sent: int = 0
    """Packets that met the line."""
    lost: int = 0
    """By chance."""
    overflowed: int = 0
    """Lost because the queue of a line with a rate was full."""
    down: int = 0
    """Met it while it was down, because it flaps; they are lost."""
    asked_lost: float = 0.0
    """Sum of the shares that were to be lost when each packet came."""
    asked_delay_ns: float = 0.0
    """Sum of the mean delays that were asked for when each packet came that was not lost."""
    doubled: int = 0
    damaged: int = 0
    overtook: int = 0
    left: int = 0
    """Copies that have left the line."""
    delay_sum_ns: int = 0
    """Of those, from arrival to departure."""
    delay_max_ns: int = 0
    late_max_ns: int = 0
    """How much later than it should have a copy left, at most."""

    def add(self, other: Counts) -> None:
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("delay_max_ns", "late_max_ns"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))


SUMS = (
    *("sent", "lost", "overflowed", "down", "asked_lost", "asked_delay_ns"),
    *("doubled", "damaged", "overtook", "left", "delay_sum_ns"),
)
"""Counts of several lines that add up."""


class Carried(NamedTuple):
    due_ns: tuple[int, ...]
    """When each copy leaves; none: the packet is lost."""
    damaged_at: float | None = None


class Line:
    def __init__(self, seed: int, link: DirectedLink) -> None:
        self._key = line_key(seed, link)
        self._seed = seed
        self._number = 0
        """Of the next packet: it goes on through all changes of quality."""
        self._bad: bool | None = None
        self._waiting: deque[int] = deque()
        """When each packet that waits for a line with a rate, or is on it, will have left it."""
        self.course = always(PERFECT)
        self._progress: Progress | None = None
        """Only of a line whose quality changes by itself."""
        self._since_ns = 0
        self.quality = PERFECT
        """As it is now, or was when the last packet came."""
        self.counts = Counts()

    @property
    def bad(self) -> bool:
        return self.course != always(PERFECT)

    def change(self, wanted: Quality | Course, now_ns: int = 0) -> None:
        """From now on; a line that stays as it is goes on counting, and on its course."""
        course = always(wanted) if isinstance(wanted, Quality) else wanted
        if course != self.course:
            self.course = course
            varies = course.flap is not None or len(course.stages) > 1
            self._progress = Progress(course, self._seed) if varies else None
            self._since_ns = now_ns
            self.quality = course.stages[0].quality
            self.counts = Counts()
            self._bad = None

    def carry(self, now_ns: int, size_bytes: int) -> Carried:
        """Take one packet. The caller says by `left` when a copy has left."""
        counts = self.counts
        if self._progress is not None:
            self.quality = self._progress.quality(now_ns - self._since_ns)
            counts.down += self._progress.down(now_ns - self._since_ns)
        quality = self.quality
        one = fate(self._key, self._number, quality, self._bad)
        self._number += 1
        self._bad = one.bad if quality.burst_packets else None
        counts.sent += 1
        counts.asked_lost += quality.loss
        if not one.delays_ns:
            counts.lost += 1
            return Carried(())
        begin_ns = self._through(now_ns, size_bytes) if quality.rate_bit_s else now_ns
        if begin_ns is None:
            counts.overflowed += 1
            return Carried(())
        counts.asked_delay_ns += quality.mean_delay_ns
        counts.doubled += len(one.delays_ns) > 1
        counts.damaged += one.damaged_at is not None
        counts.overtook += one.overtook
        return Carried(tuple(begin_ns + delay_ns for delay_ns in one.delays_ns), one.damaged_at)

    def _through(self, now_ns: int, size_bytes: int) -> int | None:
        """When the packet's last bit is on the line; None: the queue is full."""
        waiting = self._waiting
        while waiting and waiting[0] <= now_ns:
            waiting.popleft()
        if len(waiting) >= QUEUE_PACKETS_MAX:
            return None
        free_ns = waiting[-1] if waiting else now_ns
        waiting.append(free_ns + round(size_bytes * 8 * SECOND / self.quality.rate_bit_s))
        return waiting[-1]

    def left(self, arrived_ns: int, due_ns: int, now_ns: int) -> None:
        """A copy has left."""
        counts = self.counts
        delay_ns = now_ns - arrived_ns
        counts.left += 1
        counts.delay_sum_ns += delay_ns
        counts.delay_max_ns = max(counts.delay_max_ns, delay_ns)
        counts.late_max_ns = max(counts.late_max_ns, now_ns - due_ns)
