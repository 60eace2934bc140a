"""Every shipped scenario in virtual time, through the same runner, conductor and checkers as on real packets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.history.records import History, read_history
from herzschlag.languages import gettext, speaking
from herzschlag.languages.reasons import known
from herzschlag.running.run_file import HISTORY_FILE, RunReport
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, load_family, shipped
from tests.support.schema import fields_by_kind

ROOT = Path(__file__).parents[2]
FIVE = ("normal", "slave-failure", "master-failure", "isolation", "partition")


def simulated(name: str, directory: Path, seed: int = 0) -> RunReport:
    return run(RunRequest(scenario=load(name), backend="simulation", speed=1.0, seed=seed, directory=directory))


def test_the_five_situations_are_shipped() -> None:
    assert set(FIVE) <= set(shipped())


@pytest.mark.parametrize("name", [scenario.name for name in shipped() for scenario in load_family(name)])
def test_scenario_holds_in_simulation(name: str, tmp_path: Path) -> None:
    report = simulated(name, tmp_path)
    assert report.verdict == "holds", report.because
    assert [found.checker for found in report.findings if found.verdict == "holds" and not found.details] == []
    history = read_history(tmp_path / HISTORY_FILE)
    fields_by_kind(history)
    assert untranslated(report, history) == set()


def untranslated(report: RunReport, history: History) -> set[str]:
    """Reasons that would be English in a German report: add them to `herzschlag/languages/texts/*.py`
    and to the catalogue."""
    said = {str(record.get("because")) for record in history if record.get("because")}
    for finding in report.findings:
        said |= {detail.because for detail in finding.details}
        if not any(finding.because.startswith(f"{detail.name}: {detail.because}") for detail in finding.details):
            said.add(finding.because.partition("; ")[0])
    with speaking("de"):
        return {text for text in said if text and not known(text) and gettext(text) == text}


@pytest.mark.parametrize("name", FIVE)
def test_a_run_repeated_in_another_process_gives_the_same_history(name: str, tmp_path: Path) -> None:
    """Also with another hash seed and another seed of the run: nothing in these scenarios is random."""
    simulated(name, tmp_path / "here")
    code = (
        "import sys; from pathlib import Path; from tests.simulation.test_scenarios import simulated;"
        " simulated(sys.argv[1], Path(sys.argv[2]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    there = tmp_path / "there"
    subprocess.run([sys.executable, "-c", code, name, str(there)], cwd=ROOT, env=environment, check=True)
    assert (tmp_path / "here" / HISTORY_FILE).read_bytes() == (there / HISTORY_FILE).read_bytes()
