"""Blinded histories: a checker that has lost the records it needs says `unknown`, whatever it said before.

For every checker and every kind of record: without a kind that it needs it knows nothing, and a kind that it does not
name makes no difference to it, so that what it names is all it needs.
"""

from __future__ import annotations

from functools import cache

import pytest

from herzschlag.checkers import CHECKERS, NAMES, check_all
from herzschlag.history.records import History
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Scenario
from tests.planted.plant import play

SCENARIOS = ("normal", "slave-failure", "master-failure", "isolation", "partition", "case-11@silent")

KINDS = (
    *("role", "election", "mastership", "liveness", "host-state", "isolation", "vm", "restart", "lock", "protect"),
    *("slot", "datastore", "config", "vcenter", "disk", "counters", "sent", "run", "ready", "fault", "end"),
)
BEHAVIOUR = frozenset({"path", "dropped"})
"""Nothing else tells of these, so their absence may be the finding: a checker that asks for them may only not hold."""


@cache
def healthy(name: str) -> tuple[History, Scenario]:
    scenario = load(name)
    history = play(scenario)
    assert all(finding.fine for finding in check_all(history, scenario))
    return history, scenario


@pytest.mark.parametrize("scenario_name", SCENARIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_checker_without_its_records_knows_nothing(kind: str, scenario_name: str) -> None:
    history, scenario = healthy(scenario_name)
    if kind not in history.kinds:
        return  # Healthy runs of this scenario have none either, and every checker was fine.
    blinded = history.without(lambda record: record.kind == kind)
    for checker in NAMES:
        verdict = CHECKERS[checker].judge(blinded, scenario).verdict
        needed = kind in CHECKERS[checker].needed_for(scenario)
        assert (verdict == "unknown") == needed, f"{checker} without {kind}: {verdict}, needed: {needed}"


def test_all_kinds_of_these_histories_are_tried() -> None:
    """Each kind that a checker needs appears in some scenario, or the test above would have tried nothing."""
    seen = frozenset[str]().union(*(healthy(name)[0].kinds for name in SCENARIOS))
    assert set(KINDS) <= seen
    needed = {kind for name in SCENARIOS for checker in CHECKERS.values() for kind in checker.needed_for(load(name))}
    assert needed <= set(KINDS) | BEHAVIOUR


@pytest.mark.parametrize("checker", NAMES)
def test_no_checker_holds_on_an_empty_history(checker: str) -> None:
    for name in SCENARIOS:
        assert CHECKERS[checker].judge(History(), load(name)).verdict == "unknown"
