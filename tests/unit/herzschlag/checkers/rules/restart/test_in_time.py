"""What a cut-off host stopped is restarted in time."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.checkers.truth import Truth
from herzschlag.history.records import SECOND, History, record
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks

EXPLORED = Path(__file__).parents[6] / "tests/simulation/explored"


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("isolation", "markers overlooked", "had not begun to restart it"),
        ("isolation", "poweron file read once", "had not begun to restart it"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("restart-in-time", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("restart-in-time", scenario_of("normal")).verdict in ("holds", "nothing")


def test_a_restart_that_waits_for_room_is_under_way_as_long_as_the_reign_lasts() -> None:
    """The VM of a frozen host ends after that host has thawed; its restart has been waiting for room since before."""
    scenario = load(str(EXPLORED / "pending-before-it-ended.toml"))
    history = play(scenario)
    assert CHECKERS["restart-in-time"].judge(history, scenario).fine
    ended_ns = Truth.of(history, scenario).stays["guest-100"][0].end_ns
    waits = history.where("restart", vm="guest-100", phase="pending")[0]
    assert waits.at_ns < ended_ns
    only_waiting = [r for r in history if r.kind != "restart" or r.get("vm") != "guest-100" or r.seq <= waits.seq]
    assert CHECKERS["restart-in-time"].judge(History.ordered(only_waiting), scenario).fine
    again = [
        record(ended_ns - before_s * SECOND, waits.node, "role", {"from": left, "to": to, "because": "a test"})
        for before_s, left, to in ((2, "master", "election"), (1, "election", "master"))
    ]
    edited = History.ordered([*only_waiting[:-1], *again, only_waiting[-1]])
    found = CHECKERS["restart-in-time"].judge(edited, scenario)
    assert found.verdict == "violated"
    assert "guest-100: ended on host-100" in found.because


def test_a_restart_that_was_ordered_before_the_vm_ended_is_under_way() -> None:
    """The host is isolated first, and loses power while the order waits for the VM's lock."""
    scenario = load(str(EXPLORED / "ordered-before-it-ended.toml"))
    history = play(scenario)
    assert CHECKERS["restart-in-time"].judge(history, scenario).fine
    ordered = history.where("restart", vm="slower-98", phase="ordered")
    assert [order.at_ns < Truth.of(history, scenario).stays["slower-98"][0].end_ns for order in ordered] == [True]


def test_a_master_that_gave_the_vm_up_while_it_still_ran_does_not_begin_anew() -> None:
    """Its only attempt found the VM's lock kept by the host across a split, which loses power later."""
    scenario = load(str(EXPLORED / "given-up-before-its-host-failed.toml"))
    history = play(scenario)
    assert CHECKERS["restart-in-time"].judge(history, scenario).fine
    untried = [r for r in history if r.kind != "restart" or r.get("vm") != "vm-100-1"]
    found = CHECKERS["restart-in-time"].judge(History.ordered(untried), scenario)
    assert found.verdict == "violated"
    assert "vm-100-1: ended on host-100" in found.because
