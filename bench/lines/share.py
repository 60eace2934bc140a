"""Shares of runs, how sure they are, and where a kind of failover begins. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

Z = NormalDist().inv_cdf(0.975)
"""Of a normal distribution, 95 % lies within this many standard deviations either way."""


class Share(NamedTuple):
    """`hits` of `runs` runs."""

    hits: int
    runs: int

    @property
    def value(self) -> float:
        return self.hits / self.runs

    @property
    def band(self) -> tuple[float, float]:
        """The 95 % confidence interval of E. B. Wilson, Probable Inference (1927): also right where none, or all, of
        the runs were hit, and in few runs."""
        middle = (self.value + Z * Z / (2 * self.runs)) / (1 + Z * Z / self.runs)
        spread = self.value * (1 - self.value) / self.runs + Z * Z / (4 * self.runs * self.runs)
        half = Z * math.sqrt(spread) / (1 + Z * Z / self.runs)
        return max(0.0, middle - half), min(1.0, middle + half)


def begins_at(values: Sequence[float], shares: Sequence[Share], least: float = 0.0) -> float | None:
    """The lowest value at which any run was hit, and this share of them at least; None: there is none."""
    found = (value for value, share in zip(values, shares, strict=True) if share.hits and share.value >= least)
    return next(found, None)
