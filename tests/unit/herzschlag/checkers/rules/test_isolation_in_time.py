"""A host that is alone says so in time."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("isolation", "never isolated", "alone from"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("isolation-in-time", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("isolation-in-time", scenario_of("normal")).verdict in ("holds", "nothing")
