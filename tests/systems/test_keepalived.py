"""The real keepalived on the lab: its scenarios hold, and VRRP's takeover comes when RFC 5798 says."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, load_family, of_systems
from herzschlag.topo.environment import program

FORMULA_S = 0.02
"""How far a takeover may lie from 3 * interval + skew, counted from the last advertisement that was delivered."""
SCENARIOS = [one.name for name in of_systems() if name.startswith("keepalived") for one in load_family(name)]

pytestmark = [
    pytest.mark.packets,
    pytest.mark.skipif(program("keepalived") is None, reason="keepalived is not on this machine: make systems"),
]


def played(name: str, directory: Path) -> RunReport:
    scenario = load(name)
    return run(RunRequest(scenario=scenario, backend="mininet", speed=1.0, seed=0, directory=directory))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_holds_and_the_takeover_keeps_the_formula(name: str, tmp_path: Path) -> None:
    report = played(name, tmp_path / "run")
    assert report.verdict == "holds", report.because
    (timeline,) = [found for found in report.findings if found.checker == "timeline"]
    exact = [
        one for one in timeline.details if one.published_s is not None and one.published_s[0] == one.published_s[1]
    ]
    assert exact
    for one in exact:
        assert "after the last heartbeat of host-98 to host-99" in one.because
        assert one.deviation_s is not None
        assert abs(one.deviation_s) <= FORMULA_S, one.because
