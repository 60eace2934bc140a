"""Which loads to try, and what follows from those that were tried. Pure.

A load is a number of labs at once at a speed. The machine can handle it when every run ends with the verdict that its
scenario has in virtual time. A load is tried a second time before it counts as too much, since one hiccup of the
machine makes a run unknown at any load; the most labs of a speed must have held twice as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

SPEEDS = (12.0, 10.0, 5.0, 2.0, 1.0)
"""Tried from the fastest on; at 12 the five situations still show their instants (`checkers/pace.py`)."""
SPEEDS_ENOUGH = 2
"""This many speeds that the machine can handle make a curve each; slower ones are not faster to play."""
FAILURES_MAX = 2
"""A load that failed this often is too much."""
CONFIRMED = 2
"""How often the most labs at a speed must have held."""


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
    def held(self) -> bool:
        return not self.changed


def counts(tried: Sequence[Tried], load: Load) -> tuple[int, int]:
    """How often it was tried with every verdict unchanged, and how often not."""
    here = [one.held for one in tried if one.load == load]
    return here.count(True), here.count(False)


def handled(tried: Sequence[Tried], load: Load) -> bool:
    held, failed = counts(tried, load)
    return held > 0 and failed < FAILURES_MAX


def next_load(
    tried: Sequence[Tried], speeds: Sequence[float], step: int, labs_max: int, *, all_speeds: bool
) -> Load | None:
    """The next load to try: at each speed `step` labs, then as many more, until they are too many; then the most once
    more. Without `all_speeds`, slower speeds are left out when it can handle two faster ones. None: all was tried."""
    for speed in speeds:
        faster = {one.load.speed for one in tried if one.load.speed > speed and handled(tried, one.load)}
        if len(faster) >= SPEEDS_ENOUGH and not all_speeds:
            return None
        most: Load | None = None
        for labs in range(step, labs_max + 1, step):
            load = Load(speed, labs)
            held, failed = counts(tried, load)
            if failed >= FAILURES_MAX:
                break
            if held == 0:
                return load
            most = load
        if most is not None and counts(tried, most)[0] < CONFIRMED:
            return most
    return None


def _all_handled(tried: Sequence[Tried]) -> list[Tried]:
    return [one for one in tried if one.held and handled(tried, one.load)]


def best(tried: Sequence[Tried]) -> Tried | None:
    """The load under which most runs an hour are played, of those that it can handle."""
    return max(_all_handled(tried), key=lambda one: one.runs_an_hour, default=None)


def labs_at(tried: Sequence[Tried], speed: float) -> int | None:
    """The most labs at once that it can handle at that speed, or at a higher one; None where none are."""
    return max((one.load.labs for one in _all_handled(tried) if one.load.speed >= speed), default=None)


def speed_with(tried: Sequence[Tried], labs: int) -> float | None:
    """The highest speed that it can handle with that many labs at once, or more; None where none is."""
    return max((one.load.speed for one in _all_handled(tried) if one.load.labs >= labs), default=None)
