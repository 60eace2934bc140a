"""The real bfdd on the lab: its scenarios hold, and an end that hears nothing says so when RFC 5880 says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import finding, keep_the_formula, needs, played, scenarios_of

FORMULA_S = 0.02
"""How far the detection may lie from 3 * interval, counted from the last packet that was delivered."""

pytestmark = [pytest.mark.packets, needs("frr-bfd")]


@pytest.mark.parametrize("name", scenarios_of("frr-bfd"))
def test_a_scenario_holds_and_the_detection_keeps_the_formula(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    opinions = finding(report, "link-opinions")
    assert opinions.verdict == "holds"
    assert sum("noticed after" in one.because for one in opinions.details) >= 2
    timeline = finding(report, "timeline")
    exact = [one for one in timeline.details if one.published_s == (0.9, 0.9)]
    keep_the_formula(exact, "host-98 to host-", FORMULA_S)
