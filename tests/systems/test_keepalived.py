"""The real keepalived on the lab: its scenarios hold, and VRRP's takeover comes when RFC 5798 says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import finding, keep_the_formula, needs, played, scenarios_of

FORMULA_S = 0.02
"""How far a takeover may lie from 3 * interval + skew, counted from the last advertisement that was delivered."""

pytestmark = [pytest.mark.packets, needs("keepalived")]


@pytest.mark.parametrize("name", scenarios_of("keepalived"))
def test_a_scenario_holds_and_the_takeover_keeps_the_formula(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    timeline = finding(report, "timeline")
    exact = [
        one for one in timeline.details if one.published_s is not None and one.published_s[0] == one.published_s[1]
    ]
    keep_the_formula(exact, "host-98 to host-99", FORMULA_S)
