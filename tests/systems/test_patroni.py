"""The real Patroni with PostgreSQL and etcd: its scenarios hold, and what a primary destroys when it is back."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.systems import finding, needs, played, scenarios_of

MENDED = (3, 0, 3)
"""The first version of Patroni that has its pull requests #2689 and #2693: it does not write over another's lock."""
FINDING = "patroni-rejoin"

pytestmark = [pytest.mark.packets, needs("patroni")]


@pytest.mark.parametrize("name", [name for name in scenarios_of("patroni") if name != FINDING])
def test_a_scenario_holds_and_no_two_begin_the_same_timeline(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    written = finding(report, "acknowledged")
    assert "writes of the client on host-99" not in written.because, "what a lawful primary acknowledged stays"
    assert "writes of the client on host-100" not in written.because
    assert finding(report, "one-leader-per-term").verdict == "holds"


def test_what_a_lawful_primary_acknowledged_is_lost_only_where_the_lock_was_written_over(tmp_path: Path) -> None:
    """Before 3.0.3 the old primary takes the lock back in most runs, and both begin the same timeline."""
    report = played(FINDING, tmp_path / "run")
    assert report.verdict == "holds", report.because
    stolen = "term 2: led by host-" in finding(report, "one-leader-per-term").because
    lost = re.search(
        r"host-(?:99|100): (\d+) of \1 acknowledged are not there", finding(report, "acknowledged").because
    )
    assert stolen == (lost is not None)
    assert not stolen or _version() < MENDED


def _version() -> tuple[int, ...]:
    said = subprocess.run(["patroni", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)))
