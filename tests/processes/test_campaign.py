"""Campaigns on a cluster of this machine: killed and called again, and with a worker that dies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.campaigns import campaign_file, complete, deliveries, running, undisturbed
from tests.support.waiting import until

PATIENCE_S = 120.0
RUNS = 14


def below(first: int) -> set[int]:
    """Processes that this one started, and theirs."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (ValueError, OSError, IndexError):
            continue
    found = {first}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {first}


def _has(out: Path, least: int) -> bool:
    return len(complete(out)) >= least


def ended(pids: set[int]) -> bool:
    for pid in pids:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                return False
        except OSError:
            continue
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
def test_a_campaign_that_is_killed_twice_is_complete_and_nothing_is_played_twice(tmp_path: Path) -> None:
    file, out = campaign_file(tmp_path, RUNS), tmp_path / "out"
    before: dict[str, tuple[int, int]] = {}
    for least in (3, 7):
        with running(file, out, "--jobs", "2") as command:
            until(partial(_has, out, least), "some runs are there", within_s=PATIENCE_S)
            workers = below(command.pid)
            command.kill()
        until(partial(ended, workers), "its workers have ended with it", within_s=PATIENCE_S)
        now = complete(out)
        assert before.items() <= now.items(), "a run that was complete was written again"
        assert len(now) < RUNS, "killed too late to show anything"
        before = now
    with running(file, out, "--jobs", "2") as command:
        assert command.wait(PATIENCE_S) == 0
    assert before.items() <= complete(out).items()
    assert len(complete(out)) == RUNS
    assert not [path.name for path in out.iterdir() if path.name.endswith((".part", ".old"))]
    found = {name: one["history_sha256"] for name, one in deliveries(out).items()}
    assert found == undisturbed(file, tmp_path / "alone")
    suites = ElementTree.parse(out / "junit.xml").getroot()
    assert suites.attrib["tests"] == str(RUNS) and suites.attrib["failures"] == suites.attrib["skipped"] == "0"
    assert f"{RUNS} runs: {RUNS} hold" in (out / "campaign.html").read_text()


def test_runs_of_a_worker_that_dies_are_played_by_others(tmp_path: Path) -> None:
    file, out = campaign_file(tmp_path, RUNS), tmp_path / "out"
    with running(file, out, "--jobs", "2") as command:
        until(lambda: len(complete(out)) >= 2, "some runs are there", within_s=PATIENCE_S)
        busy = {pid for pid in below(command.pid) if _plays(pid)}
        assert busy, "no worker process was found"
        os.kill(min(busy), signal.SIGKILL)
        assert command.wait(PATIENCE_S) == 0, (tmp_path / "output.txt").read_text()
    assert len(complete(out)) == RUNS
    assert {name: one["history_sha256"] for name, one in deliveries(out).items()} == undisturbed(
        file, tmp_path / "alone"
    )


def _plays(pid: int) -> bool:
    """Whether it is a worker: the other child of the command only watches what must be cleared away."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_an_interrupt_leaves_pages_that_say_how_far_it_is(tmp_path: Path) -> None:
    file, out = campaign_file(tmp_path, RUNS), tmp_path / "out"
    with running(file, out, "--jobs", "2") as command:
        until(lambda: len(complete(out)) >= 2, "some runs are there", within_s=PATIENCE_S)
        command.send_signal(signal.SIGINT)
        assert command.wait(PATIENCE_S) == 130
    there = len(complete(out))
    page = (out / "campaign.html").read_text()
    assert re.search(rf"{RUNS - there} runs? of the campaign ha(s|ve) not been played yet", page)
    assert ElementTree.parse(out / "junit.xml").getroot().attrib["skipped"] == str(RUNS - there)


def test_two_commands_do_not_work_in_one_directory(tmp_path: Path) -> None:
    file, out = campaign_file(tmp_path, RUNS), tmp_path / "out"
    with running(file, out, "--jobs", "1"):
        until(lambda: len(complete(out)) >= 1, "a run is there", within_s=PATIENCE_S)
        with running(file, out) as second:
            assert second.wait(PATIENCE_S) == 2
    assert "another herzschlag campaign works in it" in (tmp_path / "output.txt").read_text()


def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And nothing of the campaign is lost."""
    file = campaign_file(tmp_path, 2)
    environment = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
    with running(file, tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1", **environment) as command:
        assert command.wait(PATIENCE_S) == 4
    assert "no Dask scheduler answers there" in (tmp_path / "output.txt").read_text()


def test_without_dask_there_is_no_campaign(tmp_path: Path) -> None:
    """Scheduling is Dask's: nothing of it is done again here."""
    file = campaign_file(tmp_path, 1)
    (tmp_path / "away").mkdir()
    (tmp_path / "away/distributed.py").write_text("raise ModuleNotFoundError('away', name='distributed')")
    done = subprocess.run(
        [sys.executable, "-m", "herzschlag", "campaign", str(file), "--out", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "away")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 4
    assert "pip install 'herzschlag[campaign]'" in done.stderr


def test_the_document_for_programs(tmp_path: Path) -> None:
    file = campaign_file(tmp_path, 2)
    done = subprocess.run(
        [sys.executable, "-m", "herzschlag", "campaign", str(file), "--out", str(tmp_path / "out"), "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "holds"
    assert [run["name"] for run in document["runs"]] == [f"long-simulation-x10-seed{seed}" for seed in (0, 1)]
    assert Path(document["runs"][0]["directory"]).is_dir()
