"""Run directories to draw reports of: simulated ones, and ones put together by hand."""

from __future__ import annotations

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import msgspec

from herzschlag.history.records import SECOND, History, record, write_history
from herzschlag.report.model import Model
from herzschlag.report.reading import Run
from herzschlag.report.traffic import NO_CAPTURE, Datagram, Traffic
from herzschlag.running.run_file import HISTORY_FILE, RUN_FILE, RunReport
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.model import Cluster, Scenario

SITUATIONS = ("normal", "slave-failure", "master-failure", "isolation", "partition")
WRONG = """
name = "wrong"
title = "Wrong expectations"
[cluster]
hosts = 3
vms_per_host = 2
[[steps]]
at_s = 5
fault = "power-off"
host = "host-98"
[[expect.never]]
name = "no restart"
record = { kind = "restart" }
"""


@cache
def folder(whose: str) -> Path:
    """Where these tests have their run directories in this process; removed when it ends."""
    made = Path(mkdtemp(prefix=f"herzschlag-{whose}-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def simulated(scenario: str | Scenario, directory: Path) -> Path:
    """Run the scenario in virtual time. Returns its run directory."""
    given = load(scenario) if isinstance(scenario, str) else scenario
    run(RunRequest(scenario=given, backend="simulation", speed=1.0, seed=0, directory=directory))
    return directory


def by_hand(
    directory: Path,
    records: list[tuple[float, str, str, dict[str, Any]]],
    traffic: Traffic | None = None,
    **cluster: Any,
) -> Run:
    """A run of these records: (second, node, kind, fields)."""
    scenario = Scenario(name="by-hand", title="By hand", cluster=Cluster(**cluster))
    return Run(
        directory=directory,
        file=RunReport(scenario="by-hand"),
        history=History.ordered(
            record(round(at_s * SECOND), node, kind, fields) for at_s, node, kind, fields in records
        ),
        scenario=scenario,
        lab=scenario.cluster.topology(),
        traffic=traffic or Traffic(missing=NO_CAPTURE),
    )


def model(directory: Path, *records: tuple[float, str, str, dict[str, Any]], **rest: Any) -> Model:
    return Model(by_hand(directory, list(records), **rest))


def power_off(at_s: float, host: str, fault_id: str = "cut") -> tuple[float, str, str, dict[str, Any]]:
    """The record of a host's loss of power."""
    at_ns = round(at_s * SECOND)
    fields = {
        "fault": "power-off",
        "id": fault_id,
        "phase": "begin",
        "asked_ns": at_ns,
        "effective_ns": at_ns,
        "about": f"power-off host={host}",
        "value": {"fault": "power-off", "host": host},
    }
    return (at_s, "herzschlag", "fault", fields)


def beat(at_s: float, source: str, destination: str, *, network: str = "A", lost: bool = False) -> Datagram:
    sent_ns = round(at_s * SECOND)
    return Datagram(sent_ns, None if lost else sent_ns + 1000, network, source, destination, "Heartbeat")


def write_run(directory: Path, file: dict[str, Any], history: History | None) -> Path:
    """A run directory with these two files."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / RUN_FILE).write_bytes(msgspec.json.encode(file))
    if history is not None:
        write_history(directory / HISTORY_FILE, history)
    return directory
