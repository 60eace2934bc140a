"""The directory and verdict of a run, whatever happens: our own errors never become verdicts about the protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.backends.base import BackendUnavailable, MachineryDied, Missing
from herzschlag.history.records import read_history
from herzschlag.running.run_file import HISTORY_FILE, RunReport, read_report
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from tests.support.scripted import ScriptedSession


def request(directory: Path, name: str = "slave-failure") -> RunRequest:
    return RunRequest(scenario=load(name), backend="simulation", speed=10.0, seed=7, directory=directory)


def run_with(directory: Path, where: str, error: BaseException) -> RunReport:
    return run(request(directory), opener=lambda backend, plan: ScriptedSession(plan, failure=(where, error)))


def test_a_simulated_run_leaves_a_directory_that_explains_itself(tmp_path: Path) -> None:
    report = run(request(tmp_path / "run"))
    assert (report.verdict, report.status) == ("holds", "finished")
    again = read_report(tmp_path / "run")
    assert again == report
    assert report.scenario_text.startswith('name = "slave-failure"')
    assert report.repeat == "herzschlag run slave-failure --backend simulation --speed 10 --seed 7"
    assert {"herzschlag", "python", "kernel"} <= set(report.versions)
    assert len(read_history(tmp_path / "run" / HISTORY_FILE)) > 50
    assert sorted(item.name for item in (tmp_path / "run").iterdir()) == ["history.jsonl", "log", "run.json"]
    assert [d.name for d in report.instants][:1] == ["datastore heartbeats watched"]


def test_dead_machinery_is_unknown(tmp_path: Path) -> None:
    report = run_with(tmp_path, "begin", MachineryDied("the controller: killed by signal 9"))
    assert (report.verdict, report.status) == ("unknown", "finished")
    assert "controller" in report.because
    assert read_history(tmp_path / HISTORY_FILE).of_kind("machinery")


def test_a_bug_of_ours_is_unknown_and_its_traceback_kept(tmp_path: Path) -> None:
    report = run_with(tmp_path, "begin", ZeroDivisionError("oh"))
    assert report.verdict == "unknown"
    assert "ZeroDivisionError" in report.because
    assert "Traceback" in (tmp_path / "log" / "failure.txt").read_text()


def test_a_missing_tool_is_not_a_verdict_and_says_the_way_out(tmp_path: Path) -> None:
    report = run_with(tmp_path, "start", BackendUnavailable(Missing("Open vSwitch", "apt-get install it")))
    assert (report.verdict, report.status) == ("unknown", "unavailable")
    assert report.because == "Open vSwitch is missing: apt-get install it"


def test_an_interrupted_run_leaves_a_directory_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_with(tmp_path, "begin", KeyboardInterrupt())
    report = read_report(tmp_path)
    assert (report.verdict, report.status) == ("unknown", "interrupted")
    assert read_history(tmp_path / HISTORY_FILE).of_kind("ready")


def test_the_session_is_closed_on_every_way_out(tmp_path: Path) -> None:
    sessions: list[ScriptedSession] = []

    def opener(backend: str, plan: object) -> ScriptedSession:
        sessions.append(ScriptedSession(plan, failure=("finish", ZeroDivisionError())))  # type: ignore[arg-type]
        return sessions[0]

    run(request(tmp_path), opener=opener)
    assert sessions[0].closed
