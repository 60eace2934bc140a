"""Labs on real packets on a machine that runs out of something: status 5 and one line, whichever part noticed it.

In virtual time all is one process (`tests/processes/test_own_failures.py`); here it may be the stage, the recorder or
Open vSwitch that fails.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import until

pytestmark = pytest.mark.packets
FAILED = 5


def started(script: str, tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "temporary").mkdir()
    return subprocess.Popen(
        ["bash", "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def normal(out: Path) -> str:
    return shlex.join([sys.executable, "-m", "herzschlag", "run", "normal", "--speed", "20", "--out", str(out)])


def the_line(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == FAILED, output + errors
    assert "Traceback" not in output + errors
    (line,) = errors.splitlines()
    assert line.startswith("herzschlag: normal failed: ")
    return line


def test_too_few_open_files(tmp_path: Path) -> None:
    line = the_line(started(f"ulimit -n 24; {normal(tmp_path / 'out')}", tmp_path))
    assert "Too many open files" in line
    (run,) = (tmp_path / "out").glob("[0-9]*/normal/run.json")
    assert json.loads(run.read_bytes())["status"] == "failed"
    assert f"(logs: {run.parent / 'log'})" in line


def test_a_disk_that_is_full_after_some_packets(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    script = f"mount -t tmpfs -o size=64k,mode=755 none {out} && {normal(out)}"
    line = the_line(started(shlex.join([*words, "bash", "-c", script]), tmp_path))
    assert "history.jsonl: No space left on device" in line
    (kept,) = (tmp_path / "temporary").glob("herzschlag-failure-*.txt")
    assert str(kept) in line, "the full disk could not take it"


def test_a_directory_that_is_removed_while_the_lab_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = started(normal(out), tmp_path)
    until(
        lambda: any(path.stat().st_size for path in out.glob("[0-9]*/normal/log/records.jsonl")),
        "records of a living lab",
    )
    shutil.rmtree(next(out.glob("[0-9]*")))
    line = the_line(process)
    assert "it was removed meanwhile" in line
    (kept,) = (tmp_path / "temporary").glob("herzschlag-failure-*.txt")
    assert str(kept) in line
