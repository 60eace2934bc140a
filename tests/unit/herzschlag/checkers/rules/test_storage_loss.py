"""A lost datastore is noticed, and component protection keeps its times."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.scenarios.from_toml import load
from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of
from tests.support.rules import sees_who_breaks


@pytest.mark.parametrize(
    ("scenario", "fault", "says"),
    [
        ("case-28@back", "protection without delay", "320 s are due"),
        ("case-29", "loss not noticed", "the host had not noticed"),
    ],
)
def test_it_sees_who_breaks_the_rule(scenario: str, fault: str, says: str) -> None:
    sees_who_breaks("storage-loss", scenario, fault, says)


def test_a_run_in_which_nothing_happens_breaks_nothing() -> None:
    assert judged("storage-loss", scenario_of("normal")).verdict in ("holds", "nothing")


def test_a_datastore_that_is_back_for_an_instant_is_lost_anew() -> None:
    """And that is noticed as the first time."""
    scenario = load(str(Path(__file__).parents[5] / "tests/simulation/explored/storage-back-for-an-instant.toml"))
    assert judged("storage-loss", scenario).verdict == "holds"
    found = judged("storage-loss", scenario, next(fault for fault in FAULTS if fault.name == "loss not noticed"))
    assert found.verdict == "violated"
