"""What a user asks for is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.history.records import History
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("switched-off", "deaf to repeated orders", "a user wanted it off on host-98"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("request-obeyed", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("request-obeyed", scenario_of("normal")).verdict in ("holds", "nothing")


def test_what_crashes_later_was_switched_on_and_what_never_ran_was_not() -> None:
    folder = Path(__file__).parents[5] / "tests/simulation/explored"
    scenario = load(str(folder / "crashes-after-a-user-switched-it-on.toml"))
    history = play(scenario)
    found = CHECKERS["request-obeyed"].judge(history, scenario)
    assert found.verdict == "holds" and "2 requests" in found.because
    (asked,) = history.where("user", vm="vm-98-1", on=True, refused=False)[1:]
    never = [r for r in history.records if r.at_ns < asked.at_ns or r.kind != "vm" or r.get("vm") != "vm-98-1"]
    found = CHECKERS["request-obeyed"].judge(History.ordered(never), scenario)
    assert found.verdict == "violated" and "a user wanted it on on host-98" in found.because
