"""A slave waits for its master for ten seconds."""

from __future__ import annotations

import pytest

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("case-14@9s", "impatient slave", "10 s are due"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    assert judged("patience", scenario_of(scenario)).fine
    planted = next(one for one in FAULTS if one.name == fault)
    found = judged("patience", scenario_of(scenario), planted)
    assert found.verdict == "violated"
    assert says in " ".join(detail.because for detail in found.details)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("patience", scenario_of("normal")).verdict in ("holds", "nothing")
