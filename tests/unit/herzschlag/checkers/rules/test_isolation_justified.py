"""An isolated host acts when the delay of its response is over, and not before."""

from __future__ import annotations

from herzschlag.checkers import check_all
from herzschlag.checkers.verdict import Finding
from tests.planted import FAULTS
from tests.planted.plant import in_place, play, scenario_of

AT_ONCE = next(fault for fault in FAULTS if fault.name == "response at once")


def judged() -> Finding:
    scenario = scenario_of("isolation")
    return next(found for found in check_all(play(scenario), scenario) if found.checker == "isolation-justified")


def test_a_response_at_once_is_too_early() -> None:
    assert judged().verdict == "holds"
    with in_place(AT_ONCE):
        early = judged()
    assert early.verdict == "violated"
    assert "after it had declared itself isolated, 30 s are due" in early.because
