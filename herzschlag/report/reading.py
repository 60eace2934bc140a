"""Reading of a run directory for a report.

This module decides which files a report reads (`run.json`, `history.jsonl`, `capture.pcapng`) and how it treats a run
that was interrupted or comes from another version. It leaves the events to `model.py`. It reads nothing else: two calls
on one directory give the same report.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.checkers.truth import fault_of
from herzschlag.errors import WrongPeerInput
from herzschlag.faults import FaultError
from herzschlag.history.records import History, HistoryError, read_history
from herzschlag.report.traffic import Traffic, read_traffic
from herzschlag.running.run_file import HISTORY_FILE, RUN_FILE, RunReport, read_report, scenario_of
from herzschlag.scenarios.from_toml import ScenarioError
from herzschlag.scenarios.model import Cluster, Scenario
from herzschlag.topo.spec import TopologySpec

REPORT_FILE = "report.html"
SUMMARY_FILE = "summary.html"


class ReportError(WrongPeerInput):
    """This directory gives no report: the text names the file, what is wrong with it, and the way out."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report is drawn from."""

    directory: Path
    file: RunReport
    history: History
    scenario: Scenario
    lab: TopologySpec
    traffic: Traffic
    remarks: tuple[str, ...] = ()
    """What the reader must know about gaps in the material."""


def _read_run_file(directory: Path) -> RunReport:
    path = directory / RUN_FILE
    try:
        return read_report(directory)
    except OSError as error:
        raise ReportError(
            f"{path}: {error.strerror}: name the directory of a run, as `herzschlag run` prints it"
        ) from None
    except msgspec.MsgspecError as error:
        raise ReportError(f"{path}: {error}: this is not a run of a version that this program can read") from None


def read_run(directory: Path) -> Run:
    """Raises ReportError."""
    file = _read_run_file(directory)
    path = directory / HISTORY_FILE
    try:
        history = read_history(path)
    except OSError as error:
        why = "the run has not ended yet" if file.status == "running" else (error.strerror or "cannot be read")
        raise ReportError(f"{path}: {why}: a report is drawn of the records of a run that has ended") from None
    except HistoryError as error:
        raise ReportError(f"{error}: the history is damaged; run the scenario again: {file.repeat}") from None
    remarks = []
    if file.status != "finished":
        remarks.append(f"The run is {file.status}: {file.because or 'it did not come to its end'}.")
    for full in history.of_kind("capture-full"):
        because = full.get("because")
        remarks.append(f"After {full.at_s:.1f} s {because}, and nothing is drawn or said of them.")
    try:
        scenario = scenario_of(file)
    except ScenarioError as error:
        scenario = _stand_in(file, history)
        remarks.append(
            f"The scenario in {RUN_FILE} cannot be read by this version ({error}); hosts come from the records."
        )
    try:
        for record in history.of_kind("fault"):
            fault_of(record)
    except FaultError as error:
        raise ReportError(f"{path}: {error}") from None
    lab = scenario.cluster.topology()
    traffic = read_traffic(directory, history, scenario)
    return Run(
        directory=directory,
        file=file,
        history=history,
        scenario=scenario,
        lab=lab,
        traffic=traffic,
        remarks=tuple(remarks),
    )


def _stand_in(file: RunReport, history: History) -> Scenario:
    """A scenario with the hosts that the records name."""
    begun = history.of_kind("run")
    named = begun[0].fields.get("hosts", []) if begun else []
    hosts = tuple(str(host) for host in named) or tuple(
        dict.fromkeys(record.node for record in history if record.node.startswith("host-"))
    )
    if len(hosts) < 2:
        raise ReportError(
            f"{file.scenario}: the history names {len(hosts)} hosts: without a cluster nothing can be drawn"
        )
    return Scenario(name=file.scenario, title=file.title or file.scenario, cluster=Cluster(hosts=hosts))
