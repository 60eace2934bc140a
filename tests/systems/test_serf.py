"""The real Serf on the lab: its scenarios hold, and a cut that a third member goes around makes no member a suspect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import needs, played, scenarios_of

pytestmark = [pytest.mark.packets, needs("serf")]


@pytest.mark.parametrize("name", scenarios_of("serf"))
def test_a_scenario_holds(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    said = "".join(log.read_text() for log in (tmp_path / "run/log").glob("*.serf.log"))
    masked = name in ("serf-half-cut@one-way", "serf-half-cut@pair-cut", "serf-half-cut@network-b")
    assert ("has failed" not in said) == masked
