"""What a user asks for is done."""

from __future__ import annotations

import pytest

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("switched-off", "deaf to repeated orders", "a user wanted it off on host-98"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    assert judged("request-obeyed", scenario_of(scenario)).fine
    planted = next(one for one in FAULTS if one.name == fault)
    found = judged("request-obeyed", scenario_of(scenario), planted)
    assert found.verdict == "violated"
    assert says in " ".join(detail.because for detail in found.details)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("request-obeyed", scenario_of("normal")).verdict in ("holds", "nothing")
