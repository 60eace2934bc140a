"""The directory and verdict of a run, whatever happens: our own errors never become verdicts about the protocol."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

import pytest

from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.backends.base import BackendUnavailable, MachineryDied, Missing
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.records import RUNNER, SECOND, History, Record, read_history, record
from herzschlag.report.reading import read_run
from herzschlag.running.conductor import NotReady
from herzschlag.running.run_file import HISTORY_FILE, RunReport, read_report
from herzschlag.running.runner import RunRequest, judge_and_write, run
from herzschlag.scenarios.from_toml import load
from herzschlag.topo.capture import pcapng
from herzschlag.wrong_input import InputError
from tests.support.captures import SWITCH_NS, HandMade
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
    assert report.repeat == "herzschlag run slave-failure --backend simulation --seed 7"
    assert {"herzschlag", "python", "kernel"} <= set(report.versions)
    assert len(read_history(tmp_path / "run" / HISTORY_FILE)) > 50
    assert sorted(item.name for item in (tmp_path / "run").iterdir()) == ["history.jsonl", "log", "run.json"]
    assert [d.name for d in report.instants][:1] == ["datastore heartbeats watched"]


def test_dead_machinery_is_unknown_and_our_failure(tmp_path: Path) -> None:
    report = run_with(tmp_path, "begin", MachineryDied("the controller: killed by signal 9"))
    assert (report.verdict, report.status) == ("unknown", "failed")
    assert read_report(tmp_path) == report
    assert "controller" in report.because
    assert read_history(tmp_path / HISTORY_FILE).of_kind("machinery")


def test_a_bug_of_ours_is_unknown_and_its_traceback_kept(tmp_path: Path) -> None:
    report = run_with(tmp_path, "begin", ZeroDivisionError("oh"))
    assert (report.verdict, report.status) == ("unknown", "failed")
    assert "ZeroDivisionError" in report.because
    assert str(tmp_path / "log" / "failure.txt") in report.because
    assert "Traceback" in (tmp_path / "log" / "failure.txt").read_text()
    assert "\n" not in report.because


def test_a_cluster_that_does_not_become_ready_is_unknown_and_not_our_failure(tmp_path: Path) -> None:
    """It may be the agents' own doing."""
    report = run_with(tmp_path, "start", NotReady("after 60 s the cluster still waits for a single master"))
    assert (report.verdict, report.status) == ("unknown", "finished")


def test_a_directory_that_is_removed_meanwhile_is_our_failure_without_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All was played, and nothing of it can be written down; the traceback goes to the temporary directory."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    report = run(request(tmp_path / "run"), watcher=lambda record: shutil.rmtree(tmp_path / "run", ignore_errors=True))
    assert (report.verdict, report.status, report.findings) == ("unknown", "failed", ())
    (kept,) = (tmp_path / "temporary").iterdir()
    assert str(kept) in report.because and "it was removed meanwhile" in report.because
    assert "FileNotFoundError" in kept.read_text()
    assert not (tmp_path / "run").exists(), "what a user removed is not made again"


@pytest.mark.parametrize("file", ["run.json", "history.jsonl"])
def test_a_file_of_the_run_that_cannot_be_written_is_our_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """A verdict without the records that it rests on is none."""

    def full(path: Path, data: bytes) -> None:
        if path.name == file:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        path.write_bytes(data)

    monkeypatch.setattr("herzschlag.history.records.write_whole", full)
    monkeypatch.setattr("herzschlag.running.run_file.write_whole", full)
    report = run(request(tmp_path))
    assert (report.verdict, report.status) == ("unknown", "failed")
    assert f"{tmp_path / file}: No space left on device: make room" in report.because
    assert str(tmp_path / "log" / "failure.txt") in report.because


def test_an_interrupt_stays_one_where_nothing_can_be_written(tmp_path: Path) -> None:
    def remove_and_interrupt(record: Record) -> None:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(request(tmp_path / "run"), watcher=remove_and_interrupt)


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


def test_three_runs_in_one_directory_leave_the_first_as_it_was(tmp_path: Path) -> None:
    """A capture of the first would get the comments of the second; a killed run would look finished."""
    first = run(request(tmp_path / "run"))
    written = (tmp_path / "run" / HISTORY_FILE).read_bytes()
    for _ in range(2):
        with pytest.raises(InputError, match=r"holds a run already \(run.json\)"):
            run(request(tmp_path / "run", "normal"))
    assert read_report(tmp_path / "run") == first
    assert (tmp_path / "run" / HISTORY_FILE).read_bytes() == written


def test_a_capture_that_reached_its_limit_is_in_the_text_of_the_verdict(tmp_path: Path) -> None:
    """It changes no verdict, because checkers read the records alone."""
    whole = read_history(_played(tmp_path / "played"))
    full = record(25 * SECOND, RUNNER, "capture-full", {"limit_bytes": 1_000_000, "because": "it reached 1 MB"})
    report = judge_and_write(request(tmp_path / "run"), History.ordered([*whole, full]), {})
    assert report.verdict == "holds"
    assert report.because == "every check holds; at T+0.99 it reached 1 MB"
    remarks = read_run(tmp_path / "run").remarks
    assert remarks == ("After 25.0 s it reached 1 MB, and nothing is drawn or said of them.",)


def test_the_last_heartbeats_before_a_fault_are_read_from_the_capture_and_counted_from(tmp_path: Path) -> None:
    """The capture's last heartbeat came 0.2 s before the fault, the record of the simulation says 0.01 s."""
    played = read_history(_played(tmp_path / "played")).without(lambda r: r.kind == "last-heartbeat")
    fault_s = played.where("fault", phase="begin")[0].at_s
    made = HandMade()
    said = Heartbeat(
        **made.head("host-98", fault_s - 0.2),
        role="slave",
        master="host-99",
        goodness=3,
        heard=7,
        config=1,
        inventory=1,
    )
    made.say(fault_s - 0.2, said, "host-99")
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / CAPTURE_FILE).open("wb") as file:
        pcapng.write(file, made.capture())
    report = judge_and_write(request(tmp_path / "run"), played, {})
    (last,) = read_history(tmp_path / "run" / HISTORY_FILE).of_kind("last-heartbeat")
    assert (last.node, last.fields["sender"], last.fields["receiver"]) == (RUNNER, "host-98", "host-99")
    assert last.fields["arrived_ns"] / SECOND == pytest.approx(fault_s - 0.2 + SWITCH_NS / SECOND, abs=1e-6)
    assert [round(instant.deviation_s or 0, 2) for instant in report.instants] == [0.19] * 4
    assert report.capture == made.facts


def _played(directory: Path) -> Path:
    run(request(directory))
    return directory / HISTORY_FILE
