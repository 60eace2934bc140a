"""Ties: no scenario may depend on which of two simultaneous events comes first, as on real packets that is chance.

HERZSCHLAG_EXPLORE=1 plays each scenario forty times instead of twice.
"""

from __future__ import annotations

import os

import pytest

from herzschlag.checkers import check_all
from herzschlag.compare import compare
from herzschlag.scenarios.from_toml import load_family, loads, shipped
from herzschlag.scenarios.model import Scenario
from tests.planted.plant import play
from tests.support.unpunctual import unpunctual

TIMES = 40 if os.environ.get("HERZSCHLAG_EXPLORE") else 2


@pytest.mark.parametrize(
    "scenario", [scenario for name in shipped() for scenario in load_family(name)], ids=lambda scenario: scenario.name
)
def test_being_late_changes_neither_verdict_nor_story(scenario: Scenario) -> None:
    punctual = play(scenario)
    for time in range(TIMES):
        with unpunctual(f"{scenario.name}/{time}"):
            late = play(scenario)
        found = [f"{f.checker}: {f.because}" for f in check_all(late, scenario) if not f.fine]
        assert found == [], f"time {time}"
        assert compare(punctual, late).because == "", f"time {time}"


TIE = """
name = "tie"
title = "A host comes back so late that its master's word and the end of its election fall on one heartbeat"
settle_s = 20

[cluster]
hosts = ["host-98", "host-99", "host-100"]

[[steps]]
at_s = 5
for_s = 23.5
fault = "isolate"
host = "host-98"

[[expect.never]]
name = "no second master"
record = { kind = "role", to = "master" }
source = "1.5"
"""


def test_a_scenario_that_depends_on_chance_is_noticed() -> None:
    """Otherwise the test above would prove nothing."""
    scenario = loads(TIE, "tie")
    verdicts = set()
    for time in range(30):
        with unpunctual(f"tie/{time}"):
            history = play(scenario)
        verdicts |= {f.verdict for f in check_all(history, scenario) if f.checker == "expectations"}
    assert verdicts == {"holds", "violated"}
