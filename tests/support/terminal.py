"""Terminals to write on, and runs to show on them: the same text each time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from herzschlag.backends.base import BackendUnavailable, Missing, Session
from herzschlag.backends.names import BackendName
from herzschlag.cli.playing import tell
from herzschlag.history.records import History, Record, read_history, record
from herzschlag.running.run_file import HISTORY_FILE, RunReport
from herzschlag.running.runner import RunRequest, judge_and_write, run
from herzschlag.scenarios.from_toml import load, loads
from herzschlag.scenarios.plan import Plan

FIVE = ("normal", "slave-failure", "master-failure", "isolation", "partition")
WRONG = """name = "wrong"
title = "My wrong expectations"
settle_s = 40

[cluster]
hosts = 3
vms_per_host = 1

[[steps]]
at_s = 5
fault = "power-off"
host = "host-98"
id = "dies"

[[expect.instant]]
name = "declared dead"
published_s = 10
record = { kind = "host-state", host = "host-98", to = "hostDown" }
source = "mine"

[[expect.never]]
name = "no restart"
record = { kind = "restart" }

[[expect.state]]
name = "who leads at the end"
roles = { host-98 = "master", host-99 = "slave" }
"""
_ESCAPES = re.compile(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;?]*[A-Za-z]")
Place = Callable[[str], Path]
"""Makes a run directory of this name."""


def console(width: int | None) -> Console:
    """A terminal of this width, or a pipe."""
    if width is None:
        return Console(file=io.StringIO(), highlight=False)
    return Console(file=io.StringIO(), width=width, height=50, force_terminal=True, legacy_windows=False)


def written(on: Console) -> str:
    """What was written, without colours and links."""
    assert isinstance(on.file, io.StringIO)
    return _ESCAPES.sub("", on.file.getvalue())


def told(reports: Sequence[RunReport], width: int | None, *, verbose: bool = False, quiet: bool = False) -> str:
    on = console(width)
    tell(on, reports, took_s=2, skipped=0, verbose=verbose, quiet=quiet)
    return written(on)


def request(name: str, directory: Path, backend: BackendName = "simulation") -> RunRequest:
    return RunRequest(scenario=load(name), backend=backend, speed=10.0, seed=0, directory=directory)


def holding(place: Place) -> list[RunReport]:
    return [run(request(name, place(name))) for name in FIVE]


def violated(place: Place) -> list[RunReport]:
    scenario = msgspec.structs.replace(loads(WRONG, "wrong.toml"), source="wrong.toml")
    return [run(RunRequest(scenario=scenario, backend="simulation", speed=10.0, seed=0, directory=place("wrong")))]


def unknown(place: Place) -> list[RunReport]:
    """On real packets, on a machine that was too slow: everything that a late timer can bring about is in doubt."""
    healthy = run(request("slave-failure", place("healthy")))
    history = read_history(Path(healthy.directory) / HISTORY_FILE)

    def real(item: Record) -> Record:
        more = {"backend": "mininet", "speed": 10.0} if item.kind == "run" else {}
        return Record(item.at_ns, item.seq, item.node, item.kind, item.fields | more)

    said = [
        record(1, host, "lateness", {"process": "agent", "max_ns": ms * 1_000_000})
        for host, ms in (("host-98", 60), ("host-99", 93), ("host-100", 70))
    ]
    kept = [real(r) for r in history if not (r.kind == "host-state" and r.get("to") == "hostDown")]
    return [judge_and_write(request("slave-failure", place("slow"), "mininet"), History.ordered([*kept, *said]), {})]


def cannot_run(place: Place) -> list[RunReport]:
    def opener(name: BackendName, plan: Plan) -> Session:
        raise BackendUnavailable(Missing("/dev/net/tun for this user", "sudo chmod 0666 /dev/net/tun"))

    return [run(request("isolation", place("isolation"), "mininet"), opener=opener)]
