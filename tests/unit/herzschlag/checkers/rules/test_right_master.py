"""An election is won by the best host, and not before its time is over."""

from __future__ import annotations

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of

SHORT = next(fault for fault in FAULTS if fault.name == "short election")


def test_an_election_of_ten_seconds_is_too_short() -> None:
    scenario = scenario_of("master-failure")
    assert judged("right-master", scenario).verdict == "holds"
    short = judged("right-master", scenario, SHORT)
    assert short.verdict == "violated"
    assert "became master after 10.0 s; an election lasts 15 s" in short.because
