"""The command `herzschlag report`: what a user did wrong and what failed of ours have different statuses."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.report import cli
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs") / "normal"
    run(RunRequest(scenario=load("normal"), backend="simulation", speed=1.0, seed=0, directory=directory))
    return directory


def test_a_directory_without_a_run_is_wrong_input(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert ended.exit_code == 2
    assert "as `herzschlag run` prints it" in ended.stderr


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device", "report.html"), KeyError("block")])
def test_a_report_that_cannot_be_drawn_is_our_failure(
    finished: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    """One line for it, and the traceback in the run's log; every other run is drawn."""

    def failing(drawn: object) -> Path:
        raise error

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cli, "draw_and_write", failing)
    ended = CliRunner().invoke(app, ["report", str(finished)])
    assert ended.exit_code == 5
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"herzschlag report: {finished}: its report failed: ")
    assert f"(traceback: {finished / 'log/failure.txt'})" in line
    assert list(tmp_path.iterdir()) == []
