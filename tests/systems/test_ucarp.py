"""The real ucarp on the lab: its scenarios hold, and a takeover comes within the second that libpcap adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import finding, needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("ucarp")]


@pytest.mark.parametrize("name", scenarios_of("ucarp"))
def test_a_scenario_holds_and_the_takeover_counts_from_an_advertisement(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    takeover = finding(report, "timeline").details[0]
    assert "after the last heartbeat of host-98 to host-99" in takeover.because
