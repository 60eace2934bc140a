"""A lab in a memory cgroup that is too small: the kernel ends processes, and the cluster is blamed for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from herzschlag.exit_status import FAILED, HOLDS, UNKNOWN
from tests.support.memory_cgroup import MemoryCgroup, memory_cgroup, refusal
from tests.support.soak.machine import left, marked
from tests.support.waiting import until

pytestmark = [pytest.mark.packets, pytest.mark.skipif(bool(refusal()), reason=refusal())]
ENDED_BY_KERNEL = -9
"""The program itself was chosen: it can say nothing any more, its shell does."""


class Ended:
    """The program once it has ended: status, output, and what it left."""

    def __init__(self, process: subprocess.Popen[str], group: MemoryCgroup, mark: str, folder: Path) -> None:
        self.output, self.errors = process.communicate(timeout=180)
        self.status, self.killed = process.returncode, group.killed()
        reports = [json.loads(path.read_text()) for path in (folder / "out").rglob("run.json")]
        self.verdict: str = reports[0]["verdict"] if reports else "none"
        self.because: str = reports[0]["because"] if reports else ""
        self.left = left(mark, folder / "temporary")

    def check(self) -> None:
        told = f"status {self.status}, {self.killed} killed, {self.verdict}: {self.because}\n{self.output}{self.errors}"
        assert self.verdict != "violated", told
        assert self.status in {HOLDS, UNKNOWN, FAILED, ENDED_BY_KERNEL}, told
        assert (self.status == HOLDS) == (self.verdict == "holds"), told
        assert "Traceback" not in self.output + self.errors, told
        if self.status == FAILED:
            (line,) = self.errors.splitlines()
            assert line.startswith("herzschlag: slave-failure failed: "), told
            assert "meanwhile memory ran out and the kernel ended " in line, told
        assert not self.left, told


def started(group: MemoryCgroup, folder: Path) -> tuple[subprocess.Popen[str], str]:
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "herzschlag", "run", "slave-failure", "--speed", "10", "--no-report"]
    process = subprocess.Popen(
        group.inside([*command, "--out", str(folder / "out")]),
        env=marked(mark, folder / "temporary"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, mark


@pytest.mark.parametrize("limit_mb", [60, 120, 150, 180])
def test_a_lab_that_finds_too_little_memory_to_start(tmp_path: Path, limit_mb: int) -> None:
    """Whichever process needs the page too many: program, stage, switch, an agent."""
    with memory_cgroup() as group:
        group.limit(limit_mb)
        process, mark = started(group, tmp_path)
        Ended(process, group, mark, tmp_path).check()


@pytest.mark.parametrize("told", ['"to":"master"', '"kind":"liveness"'], ids=["elected", "fault"])
def test_memory_that_runs_out_while_the_lab_runs(tmp_path: Path, told: str) -> None:
    """Another program in the same cgroup eats what is left; the kernel ends processes of the lab."""
    with memory_cgroup() as group:
        process, mark = started(group, tmp_path)
        records = (tmp_path / "out").glob
        until(
            lambda: any(told in p.read_text() for p in records("[0-9]*/*/log/records.jsonl")), f"a record with {told}"
        )
        room_mb = 10
        group.limit(group.used_mb() + room_mb)
        eater = subprocess.Popen(group.eater(3 * room_mb), stdout=subprocess.PIPE)
        try:
            ended = Ended(process, group, mark, tmp_path)
        finally:
            eater.kill()
            eater.communicate()
        assert ended.killed
        ended.check()
        assert ended.verdict != "holds"
