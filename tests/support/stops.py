"""A run of the program in which one process stands still for a while, as by SIGSTOP: what the verdict is.

The run is slave-failure; for the relay it is the same with all lines a little bad, so that there is one.

A stop is a stall of the harness, never a failure of the protocol: so a run may say `unknown`, or `holds` where nothing
that mattered fell into the stop, but never `violated`. The same run with an expectation that is false may say
`violated` or `unknown`, but never `holds`: a stop must not hide what happened either.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
import uuid
from pathlib import Path
from typing import NamedTuple

from herzschlag.scenarios.from_toml import shipped
from tests.support import following
from tests.support.marked import MARK, processes

VICTIMS = (
    *("ovs-vswitchd", "ovsdb-server", "controller", "stage", "recorder", "zygote"),
    *("agent", "hypervisor", "VM", "vcenter", "relay"),
)
MOMENTS = {"starting": "", "before": "the cluster is ready", "during": "fault begins", "after": " as failed"}
"""When to stop it: after this record of the run; the first a moment after its start."""
SECONDS = (0.2, 2.0, 20.0)
STARTING_S = 0.8
BAD_LINES = Path(__file__).with_name("slave-failure-on-bad-lines.toml")
SPEED = 10
THERE_WITHIN_S = 20.0


FALSE = """
[[expect.never]]
name = "no VM of the dead host is restarted"
record = { kind = "restart", phase = "ordered" }
"""
"""An expectation that no run of this lab meets."""


class Stop(NamedTuple):
    victim: str
    moment: str
    seconds: float
    false: bool = False
    """Whether the scenario expects what does not happen."""


class Ended(NamedTuple):
    stop: Stop
    found: bool
    """A process of that kind was there to be stopped."""
    verdict: str
    because: str

    @property
    def wrong(self) -> bool:
        return self.verdict == ("holds" if self.stop.false else "violated") or not self.found


def play(stop: Stop, directory: Path) -> Ended:
    """Run slave-failure on real packets, and stop one process of the lab meanwhile."""
    mark = uuid.uuid4().hex
    out = directory / mark
    text = BAD_LINES.read_text(encoding="utf-8") if stop.victim == "relay" else shipped()["slave-failure"]
    scenario = directory / f"{mark}.toml"
    scenario.write_text(text + (FALSE if stop.false else ""), encoding="utf-8")
    run = following.start(str(scenario), out, SPEED, {**os.environ, MARK: mark})
    moment = threading.Event()
    found: list[int] = []
    stopper = threading.Thread(target=_stop, args=(stop, mark, moment, found))
    stopper.start()
    if stop.moment == "starting":
        threading.Timer(STARTING_S, moment.set).start()
    for line in following.follow(run, out):
        if MOMENTS[stop.moment] and MOMENTS[stop.moment] in line:
            moment.set()
    moment.set()
    stopper.join()
    reports = [json.loads(path.read_text()) for path in out.rglob("run.json")]
    verdict, because = (reports[0]["verdict"], reports[0]["because"]) if reports else ("none", "no run directory")
    return Ended(stop, bool(found), verdict, because)


def _stop(stop: Stop, mark: str, moment: threading.Event, found: list[int]) -> None:
    moment.wait()
    deadline = time.monotonic() + THERE_WITHIN_S  # while a lab starts, its processes come one by one
    while not found and time.monotonic() < deadline:
        found += sorted(pid for pid, kind in processes(mark).items() if kind == stop.victim)[:1]
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            until = time.monotonic() + stop.seconds
            while time.monotonic() < until and Path(f"/proc/{pid}").exists():
                time.sleep(0.01)
            os.kill(pid, signal.SIGCONT)
