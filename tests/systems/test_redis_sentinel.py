"""The real Redis with Sentinel on the lab: its scenarios hold, and what a split destroys is counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.systems import finding, needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("redis-sentinel")]


@pytest.mark.parametrize("name", scenarios_of("redis-sentinel"))
def test_a_scenario_holds(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    lost = re.search(r"host-98: (\d+) of (\d+) acknowledged are not there", finding(report, "acknowledged").because)
    assert (lost is None) == (name == "redis-pair-cut")
    if lost is not None and name == "redis-failover@isolation":
        assert int(lost[1]) > int(lost[2]) / 2, "it acknowledges for as long as it is cut off, and ten seconds more"
