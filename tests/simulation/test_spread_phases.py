"""Published instants of hosts whose heartbeats lie anywhere on the clock: faults then come between two heartbeats."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load


@pytest.mark.parametrize("name", ["slave-failure", "master-failure", "isolation", "partition"])
@pytest.mark.parametrize("seed", [0, 1])
def test_instants_come_as_published_from_each_observers_last_heartbeat(name: str, seed: int, tmp_path: Path) -> None:
    """Counted from the fault, they would be up to a second early."""
    scenario = load(name)
    spread = msgspec.structs.replace(scenario.cluster, phases="spread")
    scenario = msgspec.structs.replace(scenario, cluster=spread)
    report = run(RunRequest(scenario=scenario, backend="simulation", speed=1.0, seed=seed, directory=tmp_path / "run"))
    assert report.verdict == "holds", report.because
    assert [round(instant.deviation_s or 0, 2) for instant in report.instants] == [0.0] * len(report.instants)
