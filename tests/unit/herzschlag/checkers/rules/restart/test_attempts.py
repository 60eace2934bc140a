"""Attempts at a restart come when they are due."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
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
