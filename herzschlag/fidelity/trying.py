"""One load, tried: runs of the five situations on real packets, so many labs at once, and what came of them.

This module decides how many runs show something, in which order they begin, and what of them stays: the directories of
runs whose verdict changed.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from herzschlag.checkers.pace import latest_s
from herzschlag.errors import UnusableMachine
from herzschlag.fidelity.loads import Load, Tried
from herzschlag.history.records import History, HistoryError, Record, read_history
from herzschlag.running.batch import run_batch
from herzschlag.running.run_file import HISTORY_FILE, RunReport
from herzschlag.running.runner import RunRequest
from herzschlag.scenarios.model import Scenario

ROUNDS_MIN = 2
"""Every scenario at least this often."""
RUNS_PER_LAB = 3
"""And so many runs that each lab is used this often: the last ones have fewer beside them."""


class Unplayable(UnusableMachine):
    """Not even a lab came up, or the run in virtual time has no verdict; the text says why."""


class Counting:
    """Counts the runs that ended."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self._told = told
        self._ended = 0

    def began(self, index: int) -> None:
        """Nothing is to be said of it."""

    def saw(self, index: int, record: Record) -> None:
        """Nothing is to be said of it."""

    def ended(self, index: int, report: RunReport) -> None:
        del index, report
        self._ended += 1
        self._told(self._ended)


def rounds(labs: int, scenarios: int) -> int:
    """How often each scenario is played with so many labs at once."""
    return max(ROUNDS_MIN, -(-RUNS_PER_LAB * labs // scenarios))


class Expected(NamedTuple):
    scenarios: tuple[Scenario, ...]
    """The longest first, so that few labs run alone at the end."""
    verdicts: Mapping[str, str]
    """Of each in virtual time, by its name."""


def expected(scenarios: Sequence[Scenario], folder: Path) -> Expected:
    """What each comes to in virtual time. Raises Unplayable."""
    wanted = [
        RunRequest(scenario=one, backend="simulation", speed=1.0, seed=0, directory=folder / f"{one.name}-expected")
        for one in scenarios
    ]
    reports = run_batch(wanted, 1, Counting(lambda _: None))
    for report in reports:
        if report.status != "finished":
            raise Unplayable(f"{report.scenario} in virtual time: {report.because}")
    lengths = {one.scenario.name: _history(one).end_ns for one in wanted}
    for request in wanted:
        shutil.rmtree(request.directory, ignore_errors=True)
    ordered = tuple(sorted(scenarios, key=lambda one: -lengths[one.name]))
    return Expected(ordered, {report.scenario: report.verdict for report in reports})


def attempt(load: Load, wish: Expected, folder: Path, told: Callable[[int], None]) -> Tried:
    """Play them. `told` is called with the number of runs that have ended. Raises Unplayable where no lab comes up."""
    place = _new(folder, f"speed-{load.speed:g}-labs-{load.labs}")
    wanted = [
        RunRequest(
            scenario=scenario,
            backend="mininet",
            speed=load.speed,
            seed=seed,
            directory=place / f"{scenario.name}-{seed}",
        )
        for seed in range(rounds(load.labs, len(wish.scenarios)))
        for scenario in wish.scenarios
    ]
    began_s = time.monotonic()
    reports = run_batch(wanted, load.labs, Counting(told))
    took_s = time.monotonic() - began_s
    if any(not report.started for report in reports) or len(reports) < len(wanted):
        raise Unplayable(next((report.because for report in reports if not report.started), "a run did not begin"))
    changed, late_ms = [], []
    for request, report in zip(wanted, reports, strict=True):
        late_ms.append(_late_ms(request))
        if report.verdict == wish.verdicts[report.scenario]:
            shutil.rmtree(request.directory, ignore_errors=True)
        else:
            changed.append(f"{report.scenario} {report.verdict}: {_why(report)}")
    if not changed:
        shutil.rmtree(place, ignore_errors=True)
    return Tried(
        load=load,
        runs=len(reports),
        changed=tuple(changed),
        runs_an_hour=len(reports) * 3600 / took_s,
        late_ms=max(late_ms),
        late_median_ms=statistics.median(late_ms),
    )


def _new(folder: Path, name: str) -> Path:
    """A folder for the runs of one attempt: those of an earlier one at the same load may be there."""
    names = chain((name,), (f"{name}-{number}" for number in count(2)))
    place = next(folder / one for one in names if not (folder / one).exists())
    place.mkdir()
    return place


def _late_ms(request: RunRequest) -> float:
    return latest_s(_history(request), request.scenario) / request.speed * 1e3


def _history(request: RunRequest) -> History:
    """Empty for a run that failed without one: its verdict says that it did."""
    try:
        return read_history(request.directory / HISTORY_FILE)
    except (OSError, HistoryError):
        return History()


def _why(report: RunReport) -> str:
    found = next((one for one in report.findings if one.verdict == report.verdict), None)
    return report.because or (found.because if found else "")
