"""Labs that are killed: a signal to the program, its run, a terminal, or one process of the lab, at a random moment.

Whatever is hit, nothing may be left; a run that lost a part of the harness is `unknown`, never `violated`, and the
program's exit status never says 1. A signal that a process survives, or one that came when all was judged, changes
nothing, so the run may hold.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.support.marked import processes
from tests.support.soak.machine import left, marked

PARTS = (
    *("launcher", "spawner", "recorder", "stage", "controller", "ovs-vswitchd", "ovsdb-server", "zygote"),
    *("agent", "hypervisor", "VM", "vcenter", "node"),
)
"""Kinds of processes of a lab."""
WHOLE = ("program", "terminal", "batch's run")
"""The program alone, its whole process group as by Ctrl-C, a run that the program started."""
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
MOMENTS = {"start": (0.05, 2.0), "run": (2.0, 6.0), "end": (6.0, 9.5)}
"""When, seconds after the program's start: `slave-failure` at speed 10 is ready after some two, and over after nine."""
DEATH_S = 0.5
"""How soon a process that a signal ends has ended."""
RUN_S_MAX = 90.0


class Kill(NamedTuple):
    victim: str
    signal: signal.Signals
    moment: str
    after_s: float

    def __str__(self) -> str:
        return f"{self.signal.name} to {self.victim} after {self.after_s:.2f} s"


class Killed(msgspec.Struct):
    """What came of them."""

    wanted: int
    played: int = 0
    hit: int = 0
    """Signals that met a living process; the other runs were over, or had no such process then."""
    died: int = 0
    by_moment: dict[str, int] = {}
    by_signal: dict[str, int] = {}
    verdicts: dict[str, int] = {}
    wrong: list[str] = []
    left: list[str] = []
    seconds: float = 0.0


class Outcome(NamedTuple):
    kill: Kill
    hit: bool
    died: bool
    verdict: str
    """`none`: the run left no verdict, since it was ended before one."""
    wrong: str
    left: list[str]


def kills(count: int, seed: int) -> list[Kill]:
    """Every victim, signal and moment in turn, so that few kills are of many kinds already."""
    draw = random.Random(f"soak/kills/{seed}")
    victims = [*WHOLE, *PARTS]
    found = []
    for number in range(count):
        moment = tuple(MOMENTS)[number % len(MOMENTS)]
        found.append(Kill(victims[number % len(victims)], draw.choice(SIGNALS), moment, draw.uniform(*MOMENTS[moment])))
    draw.shuffle(found)
    return found


def kill(one: Kill, home: Path) -> Outcome:
    """Run the program once and send the signal."""
    mark = uuid.uuid4().hex
    out, temporary = home / mark / "runs", home / mark / "tmp"
    command = [sys.executable, "-m", "herzschlag", "run", "slave-failure", "--speed", "10", "--out", str(out)]
    if one.victim == "batch's run":
        command[4:4] = ["normal"]  # the second run makes it a batch, whose runs are processes of their own
        command += ["--jobs", "2"]
    run = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=marked(mark, temporary),
        start_new_session=True,
    )
    try:
        hit, died = _strike(one, mark, run)
        _, err = run.communicate(timeout=RUN_S_MAX)
        stuck = ""
    except subprocess.TimeoutExpired:
        stuck = f"the program did not end within {RUN_S_MAX:g} s"
        run.kill()
        _, err = run.communicate()
    except BaseException:
        run.kill()
        run.communicate()
        raise
    reports = [json.loads(path.read_text()) for path in out.rglob("run.json")]
    told = {report["verdict"]: report["because"] for report in reports}
    verdict = next((name for name in ("violated", "unknown", "holds") if name in told), "none")
    wrong = stuck or _wrong(one, died=died, verdict=verdict, status=run.returncode, err=err.decode(errors="replace"))
    remains = left(mark, temporary)
    if not wrong and not remains:
        shutil.rmtree(home / mark)
    return Outcome(one, hit, died, verdict, f"{one}: {wrong}" if wrong else "", [f"{one}: {what}" for what in remains])


def _strike(one: Kill, mark: str, run: subprocess.Popen[bytes]) -> tuple[bool, bool]:
    """(The signal met a living process, which died of it)."""
    deadline = time.monotonic() + one.after_s
    while run.poll() is None:
        if time.monotonic() >= deadline and (pid := _victim(one, mark, run)):
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if one.victim == "terminal" else os.kill)(pid, one.signal)
            until = time.monotonic() + DEATH_S
            while time.monotonic() < until and _lives(pid):
                time.sleep(0.01)
            return True, not _lives(pid)
        time.sleep(0.02)
    return False, False


def _victim(one: Kill, mark: str, run: subprocess.Popen[bytes]) -> int:
    if one.victim in ("program", "terminal"):
        return run.pid
    alive = processes(mark)
    kind = "command" if one.victim == "batch's run" else one.victim
    found = sorted(pid for pid, name in alive.items() if name == kind and pid != run.pid)
    return random.Random(str(one)).choice(found) if found else 0


def _lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _wrong(one: Kill, *, died: bool, verdict: str, status: int, err: str) -> str:
    if verdict == "violated" or status == 1:
        return f"the verdict is {verdict}, the status {status}: {err.strip()[-300:]}"
    if "Traceback" in err:
        return f"a traceback: {err.strip()[-800:]}"
    if died and one.victim in PARTS and one.moment != "end" and verdict == "holds":
        return "the verdict is holds, though a part of the harness died"
    return ""


def add(killed: Killed, outcome: Outcome) -> None:
    killed.played += 1
    killed.hit += outcome.hit
    killed.died += outcome.died
    for table, key in (
        (killed.by_moment, outcome.kill.moment),
        (killed.by_signal, outcome.kill.signal.name),
        (killed.verdicts, outcome.verdict),
    ):
        table[key] = table.get(key, 0) + 1
    if outcome.wrong:
        killed.wrong.append(outcome.wrong)
    killed.left += outcome.left
