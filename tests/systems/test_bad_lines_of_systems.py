"""The real programs where lines lose packets, delay them, or flap: their scenarios hold, and the lines were bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.systems import bad_lines, finding, needs, played

pytestmark = pytest.mark.packets


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(system)) for name, system in bad_lines()])
def test_a_scenario_holds(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    assert "packets met the bad lines" in finding(report, "fault-in-effect").details[0].because
