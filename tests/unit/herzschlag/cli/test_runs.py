"""Requests of a command line, and the exit status of several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from herzschlag.cli import runs
from herzschlag.running.run_file import RunReport, exit_status
from herzschlag.scenarios.from_toml import load


def test_runs_of_one_scenario_have_directories_of_their_own(tmp_path: Path) -> None:
    found = runs.requests(
        [load("normal"), load("isolation"), load("normal")], tmp_path, backend="simulation", speed=4.0
    )
    assert [one.directory.name for one in found] == ["normal", "isolation", "normal-2"]
    assert {one.speed for one in found} == {4.0}


def test_a_folder_that_cannot_be_made_is_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(typer.Exit) as ended:
        runs.new(tmp_path / "file")
    assert ended.value.exit_code == 2
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reports", "failed", "status"),
    [
        ([("holds", "finished")], False, 0),
        ([("holds", "finished")], True, 5),
        ([("holds", "finished"), ("unknown", "finished")], False, 3),
        ([("unknown", "unavailable"), ("unknown", "finished")], False, 4),
        ([("unknown", "failed"), ("unknown", "unavailable")], False, 5),
        ([("violated", "finished"), ("unknown", "failed")], True, 1),
    ],
)
def test_the_worst_of_all_runs_is_the_status(reports: list[Any], failed: bool, status: int) -> None:
    made = [RunReport(scenario="normal", verdict=verdict, status=state) for verdict, state in reports]
    assert exit_status(made, failed=failed) == status
