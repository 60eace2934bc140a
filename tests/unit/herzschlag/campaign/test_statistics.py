"""Outliers, and runs that do not repeat."""

from __future__ import annotations

from herzschlag.campaign.statistics import outliers, unsteady
from tests.unit.herzschlag.campaign.campaigns import cell, played


def test_a_time_far_from_its_case_is_an_outlier() -> None:
    runs = [played(cell(seed), detection_s=18.0 + seed / 100) for seed in range(9)]
    assert outliers(runs) == []
    (found,) = outliers([*runs, played(cell(9), detection_s=21.0)])
    assert (found.run.cell.seed, found.figure, found.value_s) == (9, "detection", 21.0)


def test_no_time_within_what_is_allowed_is_one() -> None:
    """Virtual time repeats to the nanosecond: a millisecond would lie beyond any fence."""
    runs = [played(cell(seed), detection_s=18.0) for seed in range(9)]
    assert outliers([*runs, played(cell(9), detection_s=18.1)]) == []


def test_few_runs_have_no_outliers() -> None:
    assert outliers([played(cell(seed), detection_s=float(seed**4)) for seed in range(7)]) == []


def test_cases_are_not_mixed() -> None:
    slow = [played(cell(seed, backend="mininet"), detection_s=30.0) for seed in range(2)]
    assert outliers([*(played(cell(seed), detection_s=18.0) for seed in range(12)), *slow]) == []


def test_one_seed_with_two_verdicts_does_not_repeat() -> None:
    runs = [played(cell(1)), played(cell(1, name="again"), "violated"), played(cell(2), "violated")]
    (found,) = unsteady(runs)
    assert [run.cell.name for run in found.runs] == [runs[0].cell.name, "again"]
    assert found.what == "verdicts holds, violated"


def test_a_verdict_must_not_depend_on_the_speed() -> None:
    assert unsteady([played(cell(1, speed=5)), played(cell(1, speed=20), "unknown")])
    assert not unsteady([played(cell(1, backend="mininet")), played(cell(1), "unknown")])


def test_virtual_time_has_one_history_for_each_seed_and_speed() -> None:
    other = played(cell(1, name="again"), history="other")
    (found,) = unsteady([played(cell(1)), other])
    assert found.what == "2 histories in virtual time"
    assert not unsteady([played(cell(1, speed=5)), other])
    packets = [played(cell(1, name=name, backend="mininet"), history=name) for name in "ab"]
    assert not unsteady(packets)


def test_a_run_that_failed_is_no_verdict() -> None:
    assert not unsteady([played(cell(1)), played(cell(1, name="again"), "unknown", status="failed")])
