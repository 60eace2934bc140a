"""Packets that come twice are refused the second time, and about as many as came twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import History
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks

EXPLORED = Path(__file__).parents[5] / "tests/simulation/explored"


@pytest.mark.parametrize("fault", ["copies are new", "refuses in secret"])
def test_it_sees_who_breaks_the_rule(fault: str) -> None:
    sees_who_breaks("replays", "copies", fault, "packets came twice, and it refused none")


@pytest.mark.parametrize("scenario", ["copies", "damaged-packets"])
def test_an_agent_that_refuses_a_few_alone_breaks_it(scenario: str) -> None:
    """As one that takes a copy which comes at once, and refuses one that another packet overtook."""
    history = play(scenario_of(scenario))
    assert CHECKERS["replays"].judge(history, scenario_of(scenario)).verdict == "holds"
    few = [r for r in history if r.kind != "dropped" or r.get("reason") != "replayed" or r.get("count") == 1]
    found = CHECKERS["replays"].judge(History.ordered(few), scenario_of(scenario))
    assert found.verdict == "violated"
    assert "refused fewer than 2" in found.because


def test_a_run_without_copies_breaks_nothing() -> None:
    assert judged("replays", scenario_of("normal")).verdict == "nothing"


def test_copies_of_what_dead_agents_would_have_sent_are_not_asked_for() -> None:
    scenario = load(str(EXPLORED / "doubled-and-silent.toml"))
    assert CHECKERS["replays"].judge(play(scenario), scenario).verdict == "holds"
