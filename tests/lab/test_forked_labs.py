"""`kill -9` of a process of two runs whose processes are forked: nothing is left, and the other run goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from herzschlag.exit_status import FAILED
from tests.support.marked import MARK, processes
from tests.support.waiting import until

SERVER, RUN = "herzschlag.topo.processes.fork_server", "herzschlag.running.one"
MODULES = {
    "fork server": SERVER,
    "run": RUN,
    "launcher": "herzschlag.topo.sandbox.launcher",
    "stage": "herzschlag.backends.mininet.stage",
    "recorder": "herzschlag.topo.capture.recorder",
    "zygote": "herzschlag.agents.processes.zygote",
    "controller": "herzschlag.controller",
}
HARMLESS = ("fork server",)
"""A run needs it no more once it has begun."""


def numbers(mark: str, module: str) -> list[int]:
    """Processes of this mark that run the module, as the command lines say that `ps` shows."""
    found = []
    for number in processes(mark):
        try:
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
            name = Path(f"/proc/{number}/comm").read_text().strip()
        except OSError:
            continue
        own = "zygote" not in module or name == "zygote"  # everything in a host is a fork of it
        if own and words[1:3] == [b"-m", module.encode()]:
            found.append(number)
    # What one of them starts has its command line for an instant, and is not what shall be killed.
    return sorted(number for number in found if parent_of(number) not in found)


def parent_of(number: int) -> int:
    """0: it is gone."""
    try:
        return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.mark.packets
@pytest.mark.takes(20)
@pytest.mark.parametrize("victim", ["command", *MODULES])
def test_two_forked_runs_lose_what_is_killed_and_nothing_else(victim: str, tmp_path: Path) -> None:
    mark, out = uuid.uuid4().hex, tmp_path / "out"
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "herzschlag", "run", "normal", "slave-failure", "--jobs", "2", "--speed", "10"]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(
            [*command, "--no-report", "--out", str(out)],
            stdout=log,
            stderr=log,
            env={**os.environ, MARK: mark, "TMPDIR": str(tmp_path / "tmp")},
            start_new_session=True,
        )
    zygotes = MODULES["zygote"]
    until(lambda: len(numbers(mark, zygotes)) == 2, "both labs come up", state=lambda: processes(mark))
    (server,) = numbers(mark, SERVER)
    parents = {parent_of(one) for one in numbers(mark, RUN)}
    assert parents == {server}, "the runs were not forked by the server"
    killed = run.pid if victim == "command" else random.Random(victim).choice(numbers(mark, MODULES[victim]))
    os.kill(killed, signal.SIGKILL)
    status = run.wait(120)
    until(lambda: not processes(mark), "all of it is gone", within_s=10, state=lambda: processes(mark))
    assert [str(path) for path in (tmp_path / "tmp").rglob("*")] == []
    if victim == "command":
        return
    reports = [json.loads(path.read_text()) for path in out.rglob("run.json") if "latest" not in str(path)]
    assert len(reports) == 2
    others = [report for report in reports if report["status"] != "finished"]
    assert [report["verdict"] for report in others] == ([] if victim in HARMLESS else ["unknown"])
    assert (status == FAILED) is (victim not in HARMLESS)
