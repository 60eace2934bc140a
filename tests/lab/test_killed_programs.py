"""Programs on the Cluster API that are killed, or that use one directory twice: nothing is left, nothing is mixed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from herzschlag.cluster import Cluster, Setup
from herzschlag.wrong_input import InputError
from tests.support.waiting import until

pytestmark = pytest.mark.packets
PROGRAM = """
import signal
from herzschlag import Cluster, Setup
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with it ignored
with Cluster.start(Setup(hosts=2), speed=20) as cluster:
    print("ready", cluster.session.sandbox_pid, flush=True)
    cluster.advance(100_000)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_program_that_is_killed_leaves_no_file(tmp_path: Path, number: signal.Signals) -> None:
    """It left eight for SIGTERM and SIGKILL: no code of ours runs then. Logs without a run directory lie inside the
    sandbox, and the records in a file without a name; the kernel ends both."""
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    word, _, pid = program.stdout.readline().partition(" ")
    assert word == "ready", program.communicate(timeout=60)[1]
    program.send_signal(number)
    program.communicate(timeout=60)
    until(lambda: not Path(f"/proc/{pid.strip()}").exists(), "the sandbox has ended", within_s=30)
    assert list(tmp_path.rglob("*")) == []


def test_runs_in_one_directory_never_mix_their_records(tmp_path: Path) -> None:
    """The second and third run of three took the records of the first for their own and called the protocol violated.
    Now they are refused, before a lab comes up, and the first run's records are as they were."""
    used, seen = tmp_path / "used", []
    for number in range(3):
        try:
            cluster = Cluster.start(Setup(hosts=2), speed=20, directory=used if number < 2 else tmp_path / "new")
        except InputError as error:
            assert str(used) in str(error) and "name a new one" in str(error)
            continue
        with cluster:
            cluster.power_off("host-98")
            cluster.advance(25)
            findings = cluster.findings()
        assert {finding.checker for finding in findings if not finding.fine} == set()
        assert min(record.at_ns for record in cluster.records if record.kind == "role") > 0
        seen.append((used / "log/records.jsonl").read_bytes())
    assert len(seen) == 2 and seen[0] == seen[1]
