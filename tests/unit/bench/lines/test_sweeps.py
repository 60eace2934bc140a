"""The sweeps: every scenario that the page is made of can be played on both backends."""

from __future__ import annotations

import pytest

from bench.lines.sweeps import SWEEPS
from herzschlag.curves.strokes import CURVES_MAX
from herzschlag.faults import Impair, primitives_of
from herzschlag.scenarios.plan import make_plan


@pytest.mark.parametrize("name", SWEEPS)
def test_every_value_makes_a_plan_for_each_seed(name: str) -> None:
    sweep = SWEEPS[name]
    for make in sweep.series.values():
        for value in sweep.values:
            scenario = make(value, 3)
            plan = make_plan(scenario, seed=3)
            assert scenario.timeline()
            assert any(primitives_of(step.fault, plan.topology) for step in scenario.plain_steps())


@pytest.mark.parametrize("name", SWEEPS)
def test_the_same_seed_makes_the_same_scenario(name: str) -> None:
    sweep = SWEEPS[name]
    for make in sweep.series.values():
        assert make(sweep.values[-1], 7) == make(sweep.values[-1], 7)


@pytest.mark.parametrize("name", SWEEPS)
def test_values_rise_and_curves_can_be_told_apart(name: str) -> None:
    sweep = SWEEPS[name]
    assert list(sweep.values) == sorted(set(sweep.values))
    assert len(sweep.series) <= CURVES_MAX


def test_real_packets_are_asked_where_a_curve_has_a_value() -> None:
    pointed = {name: sweep for name, sweep in SWEEPS.items() if sweep.points is not None}
    assert set(pointed) == {"loss", "delay", "pause"}
    for sweep in pointed.values():
        assert sweep.points is not None
        assert sweep.points.series in sweep.series
        assert set(sweep.points.values) <= set(sweep.values)


def test_a_slow_host_is_slow_in_both_directions() -> None:
    faults = [step.fault for step in SWEEPS["slow-host"].series["the master, one network"](5, 0).steps]
    assert [(f.src, f.dst, f.delay_ms, f.jitter_ms) for f in faults if isinstance(f, Impair)] == [
        ("host-99", "all", 5000, 2000),
        ("all", "host-99", 5000, 2000),
    ]


def test_networks_on_one_switch_lose_the_same_seconds() -> None:
    """With one network and with two on one switch, the same lines are cut in the same seconds."""
    sweep = SWEEPS["one-switch"].series
    one, two = sweep["one network"](0.5, 1).steps, sweep["two networks on one switch"](0.5, 1).steps
    assert [step.at_s for step in one] == [step.at_s for step in two]
    assert sweep["two networks, each on its own"](0.5, 1).steps != two
