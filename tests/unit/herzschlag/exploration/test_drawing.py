"""Schedules drawn at random can be played, and the first of every choice is the simplest."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from herzschlag.exploration.drawing import KINDS, OFFSET_S, RandomChooser, draw, healed, lasts
from herzschlag.faults import CrashVcenter, kind_of
from herzschlag.scenarios.model import Scenario, Step
from herzschlag.scenarios.to_toml import as_toml
from herzschlag.scenarios.validation import check

T = TypeVar("T")


class First:
    def one_of(self, options: Sequence[T]) -> T:
        return options[0]


def test_the_simplest_schedule_is_one_fault_on_three_hosts() -> None:
    scenario = draw(First())
    assert scenario.cluster.hosts == 3
    assert [(step.at_s, kind_of(step.fault)) for step in scenario.steps] == [(10.0, "power-off")]


def test_every_schedule_is_a_right_scenario_and_heals() -> None:
    for number in range(60):
        scenario = draw(RandomChooser(random.Random(number)), hosts=(3, 5), faults=(1, 6))
        check(scenario)
        assert all(step.for_s is not None or not lasts(step.fault) for step in scenario.steps)


def test_the_same_choices_give_the_same_schedule() -> None:
    once, again = (as_toml(draw(RandomChooser(random.Random(7)))) for _ in range(2))
    assert once == again


def test_every_kind_can_be_drawn() -> None:
    for kind in KINDS:
        found = [draw(RandomChooser(random.Random(n)), kinds=[kind], faults=(1, 1)).steps for n in range(10)]
        assert any(found), kind


def test_a_fault_begins_relative_to_what_the_cluster_does() -> None:
    asked: list[Scenario] = []

    def moments(scenario: Scenario) -> dict[str, float]:
        asked.append(scenario)
        return {"role election": 500.0}

    found = [
        step.at_s
        for n in range(20)
        for step in draw(RandomChooser(random.Random(n)), faults=(2, 3), moments=moments).steps
    ]
    assert asked
    assert any(at_s - 500.0 in OFFSET_S for at_s in found)


def test_what_has_no_end_is_healed_after_all_others() -> None:
    steps = [Step(at_s=5.0, fault=CrashVcenter(), id="a"), Step(at_s=9.0, fault=CrashVcenter(), id="b", for_s=60.0)]
    assert [step.end_s for step in healed(steps)] == [69.0, 69.0]
