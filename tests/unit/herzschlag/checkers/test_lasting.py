"""Stretches of a run begin when it is ready, and end where something changes."""

from __future__ import annotations

from herzschlag.checkers.lasting import lasted, own_agent_lives, stretches
from herzschlag.checkers.truth import Truth
from tests.planted.plant import play, scenario_of


def test_a_host_without_power_ends_a_stretch() -> None:
    scenario = scenario_of("slave-failure")
    history = play(scenario)
    truth = Truth.of(history, scenario)
    fault_ns = history.where("fault", phase="begin")[0].at_ns
    ready_ns = history.of_kind("ready")[0].at_ns
    dead = "host-98"
    found = list(stretches(truth, lambda segment: own_agent_lives(truth, dead, segment)))
    assert found == [(ready_ns, fault_ns)]
    assert lasted(truth, ready_ns, fault_ns - 1, lambda segment: truth.powered(dead, segment))
    assert not lasted(truth, ready_ns, fault_ns + 1, lambda segment: truth.powered(dead, segment))


def test_what_goes_on_after_the_end_did_not_last() -> None:
    scenario = scenario_of("normal")
    truth = Truth.of(play(scenario), scenario)
    assert not lasted(truth, 0, truth.end_ns + 1, lambda segment: True)
