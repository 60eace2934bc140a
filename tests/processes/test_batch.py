"""Several runs at once, each in a process of its own: reports in order, and a run that fails takes no other with it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.history.records import Record
from herzschlag.running.batch import run_batch
from herzschlag.running.progress import PROGRESS_FILE
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest
from herzschlag.scenarios.from_toml import load

FAMILY = """
name = "glitch"
title = "A cut"
settle_s = 20
[[steps]]
at_s = 5
for_s = 2
fault = "isolate"
host = "host-98"
[[variants]]
name = "5s"
set = { "steps[0].for_s" = 5 }
[[variants]]
name = "B-9s"
set = { "steps[0].for_s" = 9, "steps[0].networks" = "B" }
"""


def names_run(*arguments: str, out: Path) -> list[str]:
    result = CliRunner().invoke(app, ["run", *arguments, "--backend", "simulation", "--json", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return [run["scenario"] for run in json.loads(result.stdout)["runs"]]


def test_several_jobs_give_the_reports_of_one_in_order(tmp_path: Path) -> None:
    names = ["partition", "normal", "isolation"]
    assert names_run(*names, "--jobs", "3", out=tmp_path) == names


def test_a_batch_runs_every_variant(tmp_path: Path) -> None:
    path = tmp_path / "glitch.toml"
    path.write_text(FAMILY)
    assert names_run(str(path), "--jobs", "2", out=tmp_path / "runs") == ["glitch@5s", "glitch@B-9s"]


class Noted:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.indexes: list[int] = []
        self.seen: set[tuple[int, str]] = set()
        self.reports: list[RunReport] = []

    def began(self, index: int) -> None:
        self.indexes.append(index)

    def saw(self, index: int, record: Record) -> None:
        self.seen.add((index, record.kind))

    def ended(self, index: int, report: RunReport) -> None:
        del index
        self.reports.append(report)


def test_a_run_that_fails_is_the_unknown_verdict_of_one(tmp_path: Path) -> None:
    """Its report says why, and where the rest of its output is; the other run is not affected."""
    normal = load("normal")
    broken = msgspec.structs.replace(normal, name="broken", text="name = 3")
    requests = [
        RunRequest(scenario=scenario, backend="simulation", speed=1.0, seed=0, directory=tmp_path / scenario.name)
        for scenario in (broken, normal)
    ]
    board = Noted()
    reports = run_batch(requests, jobs=2, watching=board)
    assert [(report.scenario, report.status, report.verdict) for report in reports] == [
        ("broken", "failed", "unknown"),
        ("normal", "finished", "holds"),
    ]
    assert "the run did not finish: " in reports[0].because and "runner.txt" in reports[0].because
    assert sorted(report.scenario for report in board.reports) == ["broken", "normal"]
    assert sorted(board.indexes) == [0, 1]
    assert {"run", "ready", "role"} <= {kind for index, kind in board.seen if index == 1}
    assert not list(tmp_path.glob(f"*/log/{PROGRESS_FILE}")), "the history has it all"
