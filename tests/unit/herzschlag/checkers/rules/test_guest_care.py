"""A guest that hangs is reset, one that is asked to shut down does."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
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
