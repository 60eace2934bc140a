"""The course of a bad line: how its quality changes by itself while it is in force. Pure.

    loss 0.8 ┤          ┌────        a ramp: a stair from one quality to another, in stages
             │     ┌────┘
         0.0 ┼─────┘                 flapping: the line carries nothing for a part of each period, from the beginning on
             0    30   60 s

This module decides which quality a line has at a time after it got its course; it leaves the courses there are to
`values.py`, and what a quality does to a packet to `fate.py`. Stages and the ends of random periods lie on a grid, so a
packet that comes some milliseconds later than in another run, or than in the simulation, meets the same quality.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right

from herzschlag.topo.impairments.values import DOWN, Course, Quality

_SHARES = 1 << 64


class Progress:
    """One line on its course."""

    def __init__(self, course: Course, seed: int) -> None:
        self._at_ns = [stage.at_ns for stage in course.stages]
        self._qualities = [stage.quality for stage in course.stages]
        self._flap = course.flap
        self._key = f"{seed}/flap/{course.flap.name if course.flap else ''}/".encode()
        self._turns_ns: list[int] = [0]
        """When a line that flaps at random goes down, up, down, ..., as far as anybody has asked."""

    def quality(self, since_ns: int) -> Quality:
        """So long after its beginning."""
        if self._flap is not None and self.down(since_ns):
            return DOWN
        return self._qualities[max(0, bisect_right(self._at_ns, since_ns) - 1)]

    def down(self, since_ns: int) -> bool:
        """Whether it is down because it flaps."""
        flap = self._flap
        if flap is None:
            return False
        if not flap.random:
            return since_ns % flap.period_ns < round(flap.down * flap.period_ns)
        turns = self._turns_ns
        while turns[-1] <= since_ns:
            number = len(turns) - 1
            mean_ns = flap.period_ns * (flap.down if number % 2 == 0 else 1 - flap.down)
            grains = max(1, round(mean_ns * (0.5 + self._drawn(number)) / flap.grain_ns))
            turns.append(turns[-1] + grains * flap.grain_ns)
        return bisect_right(turns, since_ns) % 2 == 1

    def _drawn(self, number: int) -> float:
        digest = hashlib.blake2b(self._key + b"%d" % number, digest_size=8).digest()
        return int.from_bytes(digest, "little") / _SHARES
