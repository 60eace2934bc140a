"""Which loads to try, and what follows from those that were tried. Pure.

A load is a number of labs at once at a speed. The machine can handle it when every run ends with the verdict that its
scenario has in virtual time. A load is tried a second time before it counts as too much: one hiccup of the machine
makes a run unknown at any load.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

SPEEDS = (12.0, 10.0, 5.0, 2.0, 1.0)
"""Tried from the fastest on; at 12 the five situations still show their instants (`checkers/pace.py`)."""
SPEEDS_ENOUGH = 2
"""This many speeds that the machine can handle make a curve each; slower ones are not faster to play."""
TRIES_MAX = 2


class Load(msgspec.Struct, frozen=True):
    speed: float
    labs: int


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of runs under one load."""

    load: Load
    runs: int
    changed: tuple[str, ...] = ()
    """Of each run whose verdict was another than in virtual time: its scenario, the verdict and why."""
    runs_an_hour: float
    late_ms: float
    """The latest timer of all runs, real milliseconds."""
    late_median_ms: float
    """The median over the runs of the latest timer of each."""

    @property
    def handled(self) -> bool:
        return not self.changed


def next_load(
    tried: Sequence[Tried], speeds: Sequence[float], step: int, labs_max: int, *, all_speeds: bool
) -> Load | None:
    """The next load to try: at each speed `step` labs, then as many more, until they are too many. Without
    `all_speeds`, slower speeds are left out when it can handle two faster ones. None: everything was tried."""
    for speed in speeds:
        faster = {one.load.speed for one in tried if one.handled and one.load.speed != speed}
        if len(faster) >= SPEEDS_ENOUGH and not all_speeds and not any(one.load.speed == speed for one in tried):
            return None
        for labs in range(step, labs_max + 1, step):
            here = [one for one in tried if one.load == Load(speed, labs)]
            if any(one.handled for one in here):
                continue
            if len(here) < TRIES_MAX:
                return Load(speed, labs)
            break
    return None


def best(tried: Sequence[Tried]) -> Tried | None:
    """The load under which most runs an hour are played, of those that it can handle."""
    return max((one for one in tried if one.handled), key=lambda one: one.runs_an_hour, default=None)


def labs_at(tried: Sequence[Tried], speed: float) -> int | None:
    """The most labs at once that it can handle at that speed, or at a higher one; None where none are."""
    return max((one.load.labs for one in tried if one.handled and one.load.speed >= speed), default=None)


def speed_with(tried: Sequence[Tried], labs: int) -> float | None:
    """The highest speed that it can handle with that many labs at once, or more; None where none is."""
    return max((one.load.speed for one in tried if one.handled and one.load.labs >= labs), default=None)
