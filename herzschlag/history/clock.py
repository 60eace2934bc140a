"""The clock that people read: `T+17.99`, seconds after the first fault.

This module decides what T is, and how an instant is written, for the terminal and for every text that a finding says:
T is the instant at which the first fault was effective; in a run without a fault, the one at which the cluster was
ready; before that, the beginning of the run. Records and `run.json` keep nanoseconds since the run began.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from herzschlag.history.records import SECOND, History
from herzschlag.languages.numbers import point


class Clock(NamedTuple):
    zero_ns: int

    @classmethod
    def of(cls, history: History) -> Self:
        marks = history.where("fault", phase="begin") or history.of_kind("ready")
        return cls(marks[0].at_ns if marks else 0)

    def seconds(self, at_ns: int) -> float:
        """Protocol seconds after T; negative before it."""
        return (at_ns - self.zero_ns) / SECOND

    def told(self, at_ns: int, decimals: int = 2) -> str:
        return told_s(self.seconds(at_ns), decimals)


def told_s(seconds: float, decimals: int = 2) -> str:
    """`T+3.50`, `T-2.00`, in German `T+3,50`; what rounds to nothing is `T+0.00`."""
    rounded = round(seconds, decimals)
    return point(f"T{rounded if rounded else 0.0:+.{decimals}f}")
