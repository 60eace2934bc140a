"""The real Corosync on the lab, with two knet links: its scenarios hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("corosync")]


@pytest.mark.parametrize("name", scenarios_of("corosync"))
def test_a_scenario_holds(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
