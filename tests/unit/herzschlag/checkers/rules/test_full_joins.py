"""A host is taken in by full packets alone."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("case-37", "small joins", "though no way between them took a full packet"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("full-joins", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("full-joins", scenario_of("normal")).verdict in ("holds", "nothing")
