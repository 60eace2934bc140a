"""Attempts at a restart come when they are due."""

from __future__ import annotations

import pytest

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("case-43", "retry clock restarted", "attempt 3 was due 360 s after"),
        ("case-43", "never gives up", "360 s are due"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    assert judged("restart-attempts", scenario_of(scenario)).fine
    planted = next(one for one in FAULTS if one.name == fault)
    found = judged("restart-attempts", scenario_of(scenario), planted)
    assert found.verdict == "violated"
    assert says in " ".join(detail.because for detail in found.details)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("restart-attempts", scenario_of("normal")).verdict in ("holds", "nothing")
