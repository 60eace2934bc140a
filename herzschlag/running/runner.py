"""One run from scenario to run directory: prepare, play, collect, check, write.

Decides what a run leaves behind and what its verdict is when something of ours fails: unknown, with the reason. Leaves
playing to `conductor.py`, judging to `checkers`, many runs at once to `batch.py`. Every file appears whole or not at
all; `run.json` exists from the first moment and says `running`, `interrupted`, `unavailable` (this machine cannot run
it) or `finished`.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import msgspec

from herzschlag.backends.base import BackendUnavailable, MachineryDied, Session
from herzschlag.backends.names import BackendName
from herzschlag.backends.opening import open_session
from herzschlag.checkers import check_all, checkers
from herzschlag.checkers.verdict import Detail, Finding, Verdict, worst
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.records import RUNNER, History, record, write_history, write_whole
from herzschlag.packets.annotate import finish_capture
from herzschlag.running.conductor import Conductor, NotReady, Watcher
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.capture.pcapng import PcapngError

RUN_FILE = "run.json"
HISTORY_FILE = "history.jsonl"
LOG_FOLDER = "log"

Status = Literal["running", "interrupted", "unavailable", "finished"]

FAILURE_FILE = "failure.txt"
"""In `log/`: the traceback of a run in which our own code failed."""
CAPTURE_FAILURE_FILE = "capture-failure.txt"
"""In `log/`: why the capture has no comments."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, and how."""

    scenario: Scenario
    backend: BackendName
    speed: float
    seed: int
    directory: Path
    datapath: Literal["auto", "kernel", "user"] = "auto"
    capture: Literal["all", "heartbeats", "off"] = "heartbeats"


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `run.json` holds."""

    status: Status
    scenario: str
    title: str
    backend: BackendName
    speed: float
    seed: int
    verdict: Verdict
    because: str
    directory: str
    repeat: str
    """The command that runs it again."""
    findings: tuple[Finding, ...] = ()
    versions: dict[str, str] = {}
    capture: CaptureFacts | None = None
    """What ties `capture.pcapng` to the history, and the key of its datagrams."""
    scenario_source: str = ""
    scenario_text: str = ""
    """The scenario file as it was, so that the run explains itself."""

    @property
    def instants(self) -> list[Detail]:
        return [d for f in self.findings for d in f.details if d.published_s is not None]

    def for_json(self) -> dict[str, Any]:
        """One entry of `herzschlag run --json`."""
        return {
            "scenario": self.scenario,
            "status": self.status,
            "backend": self.backend,
            "speed": self.speed,
            "seed": self.seed,
            "verdict": self.verdict,
            "because": self.because,
            "directory": self.directory,
            "findings": [
                {"checker": f.checker, "verdict": f.verdict, "because": f.because, "evidence": list(f.evidence)}
                for f in self.findings
            ],
            "instants": [
                {
                    "name": d.name,
                    "published_s": _figure(d.published_s),
                    "measured_s": d.measured_s,
                    "deviation_s": d.deviation_s,
                    "verdict": d.verdict,
                    "source": d.source,
                }
                for d in self.instants
            ],
        }


OpenSession = Callable[[BackendName, Plan], Session]


def run(request: RunRequest, watcher: Watcher | None = None, opener: OpenSession = open_session) -> RunReport:
    """Run it and leave a run directory. Raises WrongInput and ExtensionError before anything starts; later only
    KeyboardInterrupt and its like, after the directory says so."""
    checkers()
    plan = make_plan(
        request.scenario,
        speed=request.speed,
        seed=request.seed,
        directory=request.directory,
        datapath=request.datapath,
        capture=request.capture,
    )
    directory = request.directory
    (directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    begun: list[Conductor] = []
    try:
        return _run(request, plan, watcher, opener, begun)
    except BaseException as error:
        because = f"interrupted: {type(error).__name__}"
        history = _with_trouble(_so_far(begun), because)
        write_history(directory / HISTORY_FILE, history)
        report = _report(request, "interrupted", "unknown", because)
        _write(msgspec.structs.replace(report, capture=_captured(directory, history)), directory)
        raise


def _run(
    request: RunRequest, plan: Plan, watcher: Watcher | None, opener: OpenSession, begun: list[Conductor]
) -> RunReport:
    directory = request.directory
    _write(_report(request, "running", "unknown", "it has not ended"), directory)
    versions = dict(versions_here())
    try:
        with opener(request.backend, plan) as session:
            begun.append(Conductor(session, request.scenario, plan, watcher))
            trouble = _play(begun[0])
            versions |= session.versions()
    except BackendUnavailable as error:
        return _write(_report(request, "unavailable", "unknown", str(error)), directory)
    except Exception as error:
        # A bug of ours must not look like a verdict about the protocol: the run is unknown, the traceback is kept.
        trouble = f"our own code failed: {type(error).__name__}: {error} (see {LOG_FOLDER}/{FAILURE_FILE})"
        write_whole(directory / LOG_FOLDER / FAILURE_FILE, traceback.format_exc().encode())
    history = _with_trouble(_so_far(begun), trouble)
    write_history(directory / HISTORY_FILE, history)
    report = _judged(request, history, trouble, versions)
    return _write(msgspec.structs.replace(report, capture=_captured(directory, history)), directory)


def announce(request: RunRequest, status: Status, because: str) -> RunReport:
    """Write `run.json` of a run that is made by hand: how far it is."""
    (request.directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    return _write(_report(request, status, "unknown", because), request.directory)


def judge_and_write(request: RunRequest, history: History, versions: dict[str, str]) -> RunReport:
    """Judge a history that was made by hand, and leave its run directory: as after `run`."""
    (request.directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    write_history(request.directory / HISTORY_FILE, history)
    report = _judged(request, history, "", versions_here() | versions)
    return _write(msgspec.structs.replace(report, capture=_captured(request.directory, history)), request.directory)


def _captured(directory: Path, history: History) -> CaptureFacts | None:
    """Write what happened into the capture. One that cannot be read stays as it is, and costs no verdict."""
    try:
        return finish_capture(directory, history)
    except (OSError, PcapngError):
        write_whole(directory / LOG_FOLDER / CAPTURE_FAILURE_FILE, traceback.format_exc().encode())
        return None


def _so_far(begun: list[Conductor]) -> History:
    return begun[0].history() if begun else History()


def _judged(request: RunRequest, history: History, trouble: str, versions: dict[str, str]) -> RunReport:
    findings = check_all(history, request.scenario)
    verdict = worst(f.verdict for f in findings)
    if trouble:
        verdict = worst(["unknown", verdict])
    bad = [f"{f.checker}: {f.because}" for f in findings if f.verdict == verdict]
    because = trouble or ("every check holds" if verdict == "holds" else "; ".join(bad))
    report = _report(request, "finished", verdict, because)
    return msgspec.structs.replace(report, findings=findings, versions=versions)


def _play(conductor: Conductor) -> str:
    """Play the scenario; the trouble that makes it unknown, or nothing."""
    try:
        conductor.play()
    except (NotReady, MachineryDied) as error:
        return str(error)
    return ""


def _with_trouble(history: History, trouble: str) -> History:
    if not trouble:
        return history
    return History.ordered([*history, record(history.end_ns, RUNNER, "machinery", {"what": "run", "because": trouble})])


def _report(request: RunRequest, status: Status, verdict: Verdict, because: str) -> RunReport:
    scenario = request.scenario
    shown = scenario.source if "/" in scenario.source else scenario.name
    return RunReport(
        status=status,
        scenario=scenario.name,
        title=scenario.title,
        backend=request.backend,
        speed=request.speed,
        seed=request.seed,
        verdict=verdict,
        because=because,
        directory=str(request.directory),
        repeat=f"herzschlag run {shown} --backend {request.backend} --speed {request.speed:g} --seed {request.seed}",
        scenario_source=scenario.source,
        scenario_text=scenario.text,
        versions=versions_here(),
    )


@cache
def versions_here() -> dict[str, str]:
    versions = {
        "herzschlag": metadata.version("herzschlag"),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "system": platform.platform(),
        "cpus": str(os.cpu_count()),
    }
    commit = _commit()
    return versions | ({"commit": commit} if commit else {})


def _commit() -> str:
    """The checkout's commit, when it runs from one."""
    top = Path(__file__).parent.parent
    if not (top / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(top), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _write(report: RunReport, directory: Path) -> RunReport:
    write_whole(directory / RUN_FILE, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return report


def read_report(directory: Path) -> RunReport:
    report = msgspec.json.decode((directory / RUN_FILE).read_bytes(), type=RunReport)
    return msgspec.structs.replace(report, directory=str(directory))


def _figure(published: tuple[float, float] | None) -> float | list[float] | None:
    if published is None:
        return None
    return published[0] if published[0] == published[1] else list(published)


def program() -> list[str]:
    """How to start this program again."""
    return [sys.executable, "-m", "herzschlag"]
