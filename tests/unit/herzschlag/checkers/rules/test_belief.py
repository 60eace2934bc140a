"""A master's verdict that comes too early, and what it must have read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import History, record
from herzschlag.scenarios.from_toml import loads
from tests.planted import FAULTS
from tests.planted.plant import judged, play, scenario_of

EXPLORED = Path(__file__).parents[5] / "tests/simulation/explored"
BY_NAME = {fault.name: fault for fault in FAULTS}


def test_a_host_is_not_dead_before_its_datastore_heartbeat_was_watched() -> None:
    found = judged("belief", scenario_of("slave-failure"), BY_NAME["no datastore watch"])
    assert found.verdict == "violated"
    assert "its datastore heartbeat had to be watched for 15 s from T+2.99 on" in found.because


def test_a_host_is_not_dead_before_it_was_pinged() -> None:
    found = judged("belief", scenario_of("case-01@unwatched"), BY_NAME["no continuous ping"])
    assert found.verdict == "violated" and "it had to be pinged for 5 s" in found.because


def test_an_isolated_host_that_says_so_is_called_isolated_in_the_end() -> None:
    scenario = msgspec.structs.replace(scenario_of("case-06"), settle_s=120.0)
    assert judged("belief", scenario).verdict == "holds"
    found = judged("belief", scenario, BY_NAME["line 1 is never written"])
    assert found.verdict == "violated" and "and isolated for 45 s by its poweron file" in found.because


def test_a_host_that_answered_ping_is_found_out_by_the_next_ping_but_one() -> None:
    """Here a ping is repeated each twenty seconds, and the host has no power for forty, or for ninety."""
    text = (EXPLORED / "down-when-its-ping-goes-unanswered.toml").read_text()
    longer = text.replace("for_s = 60", "for_s = 110").replace("for_s = 40", "for_s = 90")
    for schedule, enough in ((text, False), (longer, True)):
        scenario = loads(schedule, "a test")
        history = play(scenario)
        left = [r for r in history if r.get("to") != "hostDown" and (r.node, r.get("vm")) != ("host-100", "vm-98-1")]
        left = [r for r in left if r.kind != "restart"]
        left.insert(-1, record(history.end_ns, "host-99", "restart", {"vm": "vm-99-1", "phase": "begins"}))
        for rule in ("belief", "vcenter-belief", "restart-in-time"):
            assert CHECKERS[rule].judge(history, scenario).fine
            assert CHECKERS[rule].judge(History.ordered(left), scenario).fine is not enough, rule
