"""`kill -9` of any one process of a running lab, at random moments: nothing is left, and no checker says `holds`."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.support.marked import MARK, MODULES, SUFFIXES, processes
from tests.support.stops import BAD_LINES
from tests.support.waiting import NeverTrue, until

LATEST_S = 6.0
"""A run of slave-failure at speed 10 takes some nine seconds; a process that is to be killed lives until near its
end."""
VICTIMS = ("command", *MODULES.values(), "ovs-vswitchd", "ovsdb-server", "zygote", *SUFFIXES.values(), "VM", "node")


def interfaces() -> set[str]:
    return {entry.name for entry in Path("/sys/class/net").iterdir()}


def mounts_of(directory: Path) -> list[str]:
    """Mounts that name the run's folder; others of this machine do not matter here."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(directory) in line or "herzschlag" in line.split(" - ")[1]]


def kill_one(number: int, directory: Path) -> str:
    """Run once and kill one process. Returns what is wrong with what the run left, or nothing."""
    draw = random.Random(f"kill/{number}")
    victim = VICTIMS[number % len(VICTIMS)]
    after_s = draw.uniform(0.1, LATEST_S)
    mark = uuid.uuid4().hex
    out = directory / str(number)
    scenario = str(BAD_LINES) if victim == "relay" else "slave-failure"  # without bad lines there is no relay
    command = [sys.executable, "-m", "herzschlag", "run", scenario, "--speed", "10", "--out", str(out)]
    environment = {**os.environ, MARK: mark, "TMPDIR": str(directory / f"tmp{number}")}
    (directory / f"tmp{number}").mkdir()
    with (directory / f"{number}.log").open("wb") as log:
        run = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    deadline = time.monotonic() + after_s
    killed = 0
    while not killed and run.poll() is None:
        if time.monotonic() >= deadline:
            pids = [pid for pid, kind in processes(mark).items() if kind == victim]
            pids = [run.pid] if victim == "command" else pids
            if pids:
                killed = draw.choice(sorted(pids))
                os.kill(killed, signal.SIGKILL)
        time.sleep(0.02)
    run.wait(timeout=60)
    what = f"{victim} killed after {after_s:.2f} s"
    if not killed:
        return f"{what}: no process of that name was there"
    try:
        until(lambda: not processes(mark), f"{what}: all of it is gone", within_s=10, state=lambda: processes(mark))
    except NeverTrue as left:
        return str(left)
    files = [str(path) for path in (directory / f"tmp{number}").rglob("*")]
    if files:
        return f"{what}: temporary files left: {files[:3]}"
    reports = [json.loads(path.read_text()) for path in out.rglob("run.json")]
    wrong = [r["verdict"] for r in reports if r["verdict"] != "unknown"]
    if wrong and victim != "command":
        return f"{what}: the verdict is {wrong}, though a part of the harness died"
    return ""


@pytest.mark.packets
@pytest.mark.parametrize("number", range(len(VICTIMS)), ids=VICTIMS)
def test_nothing_is_left_and_nothing_holds_whichever_process_is_killed(number: int, tmp_path: Path) -> None:
    """A user's machine stays clean, and no broken run passes for a verdict about the protocol."""
    before = interfaces()
    wrong = kill_one(number, tmp_path)
    assert not wrong, wrong
    assert interfaces() <= before
    assert not mounts_of(tmp_path)
