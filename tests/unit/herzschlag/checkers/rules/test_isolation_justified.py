"""An isolated host acts when the delay of its response is over, and not before."""

from __future__ import annotations

from tests.planted import FAULTS
from tests.planted.plant import judged, scenario_of

AT_ONCE = next(fault for fault in FAULTS if fault.name == "response at once")


def test_a_response_at_once_is_too_early() -> None:
    scenario = scenario_of("isolation")
    assert judged("isolation-justified", scenario).verdict == "holds"
    early = judged("isolation-justified", scenario, AT_ONCE)
    assert early.verdict == "violated"
    assert "after it had declared itself isolated, 30 s are due" in early.because
