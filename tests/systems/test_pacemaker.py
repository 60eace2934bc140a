"""The real Pacemaker on Corosync, with an address as its resource and without fencing: its scenarios hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("pacemaker")]


@pytest.mark.parametrize("name", scenarios_of("pacemaker"))
def test_a_scenario_holds(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
