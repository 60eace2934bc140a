"""Attempts at a restart come when they are due."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("case-43", "retry clock restarted", "attempt 3 was due 360 s after"),
        ("case-43", "never gives up", "360 s are due"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("restart-attempts", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("restart-attempts", scenario_of("normal")).verdict in ("holds", "nothing")


@pytest.mark.parametrize(("later_s", "verdict"), [(0, "holds"), (40, "violated")])
def test_the_next_attempt_waits_while_the_vm_s_host_lives_out_of_sight(later_s: int, verdict: str) -> None:
    """Its target was lost, and its host boots where the master cannot hear it; or 40 s later, long after it was due."""
    explored = Path(__file__).parents[6] / "tests/simulation/explored"
    scenario = load(str(explored / "lost-target-beside-a-host-that-is-back.toml"))
    history = play(scenario)
    (boots,) = history.where("fault", id="1 power-off", phase="end")
    records = [
        msgspec.structs.replace(r, at_ns=r.at_ns + later_s * SECOND) if r.seq == boots.seq else r
        for r in history.records
    ]
    found = CHECKERS["restart-attempts"].judge(History.ordered(sorted(records, key=lambda r: r.at_ns)), scenario)
    assert found.verdict == verdict
