"""The same scenario in virtual time and on real packets: the same changes in the same order, the same verdict.

The five situations here; `make cases` does the same for every shipped scenario, which takes some ten minutes.
"""

from pathlib import Path

import pytest

from herzschlag.compare import compare
from herzschlag.history import read_history
from herzschlag.runner import HISTORY_FILE, RunReport, RunRequest, run
from herzschlag.scenario_file import load

SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")


def played(name: str, backend: str, directory: Path) -> RunReport:
    scenario = load(name)
    return run(
        RunRequest(
            scenario=scenario,
            backend=backend,  # type: ignore[arg-type]
            speed=scenario.speed,
            seed=0,
            directory=directory / backend,
        )
    )


@pytest.mark.packets
@pytest.mark.parametrize("name", SITUATIONS)
def test_both_backends_tell_the_same_story(name: str, tmp_path: Path) -> None:
    virtual, real = (played(name, backend, tmp_path) for backend in ("simulation", "mininet"))
    assert virtual.verdict == "holds", virtual.because
    assert real.verdict == "holds", real.because
    left, right = (read_history(Path(report.directory) / HISTORY_FILE) for report in (virtual, real))
    assert compare(left, right).because == ""
