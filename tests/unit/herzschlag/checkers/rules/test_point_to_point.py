"""Slaves send no heartbeats to each other."""

from __future__ import annotations

import pytest

from tests.planted.plant import judged, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("normal", "slaves that talk to each other", "it never led, and never followed that host"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("point-to-point", scenario, fault, says)


def test_without_a_count_of_packets_it_says_nothing() -> None:
    assert judged("point-to-point", scenario_of("case-14@9s")).verdict == "nothing"
