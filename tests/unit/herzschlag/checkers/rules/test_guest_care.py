"""A guest that hangs is reset, one that is asked to shut down does."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("vm-hang", "guests are left hanging", "it was not reset until"),
        ("case-08", "deaf guest", "its guest was asked to shut down"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("guest-care", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("guest-care", scenario_of("normal")).verdict in ("holds", "nothing")


def test_a_guest_that_hangs_while_it_shuts_down_is_left_to_the_time_limit_of_that() -> None:
    file = Path(__file__).parents[5] / "tests/simulation/explored/hangs-while-it-shuts-down.toml"
    assert CHECKERS["guest-care"].judge(play(scenario := load(str(file))), scenario).fine
