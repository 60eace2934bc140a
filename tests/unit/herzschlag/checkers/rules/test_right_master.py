"""An election is won by the best host, and not before its time is over."""

from __future__ import annotations

from herzschlag.checkers import check_all
from herzschlag.checkers.verdict import Finding
from tests.planted import FAULTS
from tests.planted.plant import in_place, play, scenario_of

SHORT = next(fault for fault in FAULTS if fault.name == "short election")


def judged() -> Finding:
    scenario = scenario_of("master-failure")
    return next(found for found in check_all(play(scenario), scenario) if found.checker == "right-master")


def test_an_election_of_ten_seconds_is_too_short() -> None:
    assert judged().verdict == "holds"
    with in_place(SHORT):
        short = judged()
    assert short.verdict == "violated"
    assert "became master after 10.0 s; an election lasts 15 s" in short.because
