"""A slave waits for its master for ten seconds."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("case-14@9s", "impatient slave", "10 s are due"),
        ("clock-leap@ahead", "a clock that cannot be set", "its patience was over"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("patience", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("patience", scenario_of("normal")).verdict in ("holds", "nothing")
