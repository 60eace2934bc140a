"""What a cut-off host stopped is restarted in time."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
from tests.support.rules import sees_who_breaks


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
