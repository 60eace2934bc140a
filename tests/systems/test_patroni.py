"""The real Patroni with PostgreSQL and etcd: its scenarios hold, and what a primary destroys at its return is counted."""

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


def test_a_primary_that_comes_back_late_takes_the_lock_before_3_0_3_and_not_since(tmp_path: Path) -> None:
    report = played(FINDING, tmp_path / "run")
    timelines, written = finding(report, "one-leader-per-term"), finding(report, "acknowledged")
    if _version() < MENDED:
        assert report.verdict == "holds", report.because
        assert "term 2: led by host-" in timelines.because
        assert re.search(r"host-(99|100): (\d+) of \2 acknowledged are not there", written.because)
    else:
        assert report.verdict == "violated"
        assert all(one.verdict == "holds" for one in timelines.details)
        assert not re.search(r"writes of the client on host-(99|100)", written.because)


def _version() -> tuple[int, ...]:
    said = subprocess.run(["patroni", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)))
