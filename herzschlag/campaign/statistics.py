"""What many runs show that no single one does: outliers, and runs that do not repeat.

This module decides what counts as either. An outlier lies beyond Tukey's fences of its case (1.5 times the distance of
the quartiles outside them), and further from the median than an instant may be off at that speed. Runs of one scenario,
profile, seed and backend must have one verdict, whatever their speed; in virtual time, those of one speed must have one
history.
Source: J. W. Tukey, Exploratory Data Analysis, 1977, section 2D.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles

import msgspec

from herzschlag.campaign.folder import Played
from herzschlag.checkers.pace import tolerance_s
from herzschlag.languages import N_, gettext

FENCE = 1.5
RUNS_MIN = 8
"""Of fewer runs the quartiles say nothing."""
FIGURES = (N_("detection"), N_("failover"))


class Outlier(msgspec.Struct, frozen=True):
    run: Played
    figure: str
    value_s: float
    median_s: float


class Unsteady(msgspec.Struct, frozen=True):
    """Runs that should be alike and are not."""

    runs: tuple[Played, ...]
    what: str


def outliers(runs: Iterable[Played]) -> list[Outlier]:
    """The furthest from its median first."""
    found = []
    for group in _grouped(runs, lambda run: run.cell.case):
        allowed_s = tolerance_s(group[0].cell.speed if group[0].cell.backend == "mininet" else 1.0)
        for figure in FIGURES:
            known = [(run, value) for run in group if (value := _value(run, figure)) is not None]
            if len(known) < RUNS_MIN:
                continue
            values = [value for _, value in known]
            low, _, high = quantiles(values, n=4, method="inclusive")
            middle, reach = median(values), FENCE * (high - low)
            for run, value in known:
                if not low - reach <= value <= high + reach and abs(value - middle) > allowed_s:
                    found.append(Outlier(run, figure, value, middle))
    return sorted(found, key=lambda one: -abs(one.value_s - one.median_s))


def unsteady(runs: Iterable[Played]) -> list[Unsteady]:
    """Differing verdicts first."""
    complete = [run for run in runs if run.complete]
    found = []
    for group in _grouped(complete, lambda run: (run.cell.scenario.text, run.cell.scenario.name, *_place(run))):
        verdicts = dict.fromkeys(run.entry.file.verdict for run in group)
        if len(verdicts) > 1:
            found.append(Unsteady(tuple(group), _verdicts(verdicts)))
    simulated = [run for run in complete if run.cell.backend == "simulation"]
    for group in _grouped(simulated, lambda run: (run.cell.case, run.cell.scenario.text, run.cell.seed)):
        histories = {run.delivery.history_sha256 for run in group}
        if len(histories) > 1:
            found.append(Unsteady(tuple(group), _histories(len(histories))))
    return found


def _verdicts(found: Iterable[str]) -> str:
    return gettext("verdicts {names}", names=", ".join(gettext(one) for one in sorted(found)))


def _histories(number: int) -> str:
    return gettext("{number} histories in virtual time", number=number)


def _place(run: Played) -> tuple[int, str]:
    return run.cell.seed, run.cell.backend


def _value(run: Played, figure: str) -> float | None:
    return run.delivery.detection_s if figure == "detection" else run.delivery.failover_s


def _grouped(runs: Iterable[Played], key: Callable[[Played], object]) -> Sequence[list[Played]]:
    groups: dict[object, list[Played]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return tuple(groups.values())
