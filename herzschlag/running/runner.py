"""The runner of one scenario, from its file to the run directory: it prepares, plays, collects, checks and writes.

This module decides what a run leaves behind and what becomes of it when a part of the harness fails: its verdict is
unknown, unless what locks guarantee was violated, and `run.json` says `failed` and why, if it can still be written. It
leaves playing to `conductor.py`, judging to `checkers`, the directory to `run_file.py`, several runs to `batch.py`.
Every file appears whole or not at all; `run.json` exists from the first moment and says `running`, `interrupted`,
`unavailable` (this machine cannot run it), `failed` (we failed) or `finished`.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from herzschlag import failure
from herzschlag.backends.base import BackendUnavailable, MachineryDied, Session
from herzschlag.backends.names import BackendName
from herzschlag.backends.opening import open_session
from herzschlag.checkers import check_all, checkers
from herzschlag.checkers.verdict import Verdict, worst
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.clock import Clock
from herzschlag.history.kinds import Machinery
from herzschlag.history.records import RUNNER, History, write_history, write_whole, written
from herzschlag.languages import ENGLISH, speaking
from herzschlag.packets.annotate import Taken, read_taken
from herzschlag.running.conductor import Conductor, NotReady, Watcher
from herzschlag.running.held import held
from herzschlag.running.memory import killed_since, killed_so_far
from herzschlag.running.packet_records import with_packets
from herzschlag.running.run_file import (
    HISTORY_FILE,
    LOG_FOLDER,
    RUN_FILE,
    RunReport,
    Status,
    began,
    must_be_unused,
    write_report,
)
from herzschlag.running.versions import versions_here
from herzschlag.scenarios.from_toml import is_shipped
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.capture.pcapng import PcapngError
from herzschlag.topo.spec import Captured, Datapath

CAPTURE_FAILURE_FILE = "capture-failure.txt"
"""In `log/`: why the capture has no comments."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, and how."""

    scenario: Scenario
    backend: BackendName
    speed: float
    seed: int
    directory: Path
    datapath: Datapath = "auto"
    capture: Captured = "heartbeats"
    capture_limit_mb: int | None = None
    """None: the default of `topo/spec.py`."""


OpenSession = Callable[[BackendName, Plan], Session]


def run(request: RunRequest, watcher: Watcher | None = None, opener: OpenSession = open_session) -> RunReport:
    """Run it and leave a run directory. Raises WrongInput, also for a directory that holds a run already, and
    ExtensionError before anything starts. Later it raises only KeyboardInterrupt and its like, after the directory says
    so."""
    checkers()
    must_be_unused(request.directory, RUN_FILE)
    plan = make_plan(
        request.scenario,
        speed=request.speed,
        seed=request.seed,
        directory=request.directory,
        datapath=request.datapath,
        capture=request.capture,
        capture_limit_mb=request.capture_limit_mb,
    )
    one = _Run(request, plan)
    try:
        with speaking(ENGLISH):  # whatever the user's language is, the files of a run are the same
            return one.play(watcher, opener)
    except Exception as error:  # a full disk, a directory that was removed
        return one.fail(error)
    except BaseException as error:
        with contextlib.suppress(OSError):
            one.break_off(f"interrupted: {type(error).__name__}")
        raise


class _Run:
    """One run under way. At any moment it can be broken off, and its directory then holds what happened so far."""

    def __init__(self, request: RunRequest, plan: Plan) -> None:
        self._request = request
        self._plan = plan
        self._directory = request.directory
        self._conductor: Conductor | None = None

    def play(self, watcher: Watcher | None, opener: OpenSession) -> RunReport:
        directory = self._directory
        (directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
        with held(directory):
            return self._play(watcher, opener)

    def _play(self, watcher: Watcher | None, opener: OpenSession) -> RunReport:
        request, directory = self._request, self._directory
        write_report(_report(request, "running", "unknown", "it has not ended"), directory)
        versions = dict(versions_here())
        status: Status = "finished"
        killed = killed_so_far()
        try:
            with opener(request.backend, self._plan) as session:
                self._conductor = Conductor(session, request.scenario, self._plan, watcher)
                status, trouble = _play(self._conductor)
                versions |= session.versions()
        except BackendUnavailable as error:
            report = msgspec.structs.replace(_report(request, "unavailable", "unknown", str(error)), started=False)
            return write_report(report, directory)
        except Exception as error:
            # A bug of ours must not look like a verdict about the protocol: the run is unknown, the traceback is kept.
            status, trouble = "failed", failure.line(error, directory / LOG_FOLDER)
            if self._conductor is None:
                trouble += killed_since(killed)
                report = msgspec.structs.replace(_report(request, status, "unknown", trouble), started=False)
                return write_report(report, directory)
        if status == "failed":
            trouble += killed_since(killed)
        report = _judged_and_written(request, self._history(trouble), trouble, versions)
        return write_report(msgspec.structs.replace(report, status=status), directory)

    def fail(self, error: Exception) -> RunReport:
        """What happened cannot be written down, so nothing is proved."""
        because = failure.line(error, self._directory / LOG_FOLDER)
        report = _report(self._request, "failed", "unknown", because)
        with contextlib.suppress(OSError):
            write_report(report, self._directory)
        return report

    def break_off(self, because: str) -> None:
        directory = self._directory
        history = self._history(because)
        write_history(directory / HISTORY_FILE, history)
        report = _report(self._request, "interrupted", "unknown", because)
        facts = _annotated(directory, _taken(directory), history)
        write_report(msgspec.structs.replace(report, capture=facts), directory)

    def _history(self, trouble: str) -> History:
        """What happened so far, with the trouble that ended it, if there was any."""
        history = History() if self._conductor is None else self._conductor.history()
        if not trouble:
            return history
        item = written(history.end_ns, RUNNER, Machinery(what="run", because=trouble))
        return History.ordered([*history, item])


def announce(request: RunRequest, status: Status, because: str) -> RunReport:
    """Write `run.json` of a run that is made by hand: its state so far."""
    (request.directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    return write_report(_report(request, status, "unknown", because), request.directory)


def judge_and_write(request: RunRequest, history: History, versions: dict[str, str]) -> RunReport:
    """Judge a history that was made by hand, and leave its run directory, as `run` does."""
    (request.directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    with speaking(ENGLISH):
        return write_report(_judged_and_written(request, history, "", versions_here() | versions), request.directory)


def _judged_and_written(request: RunRequest, history: History, trouble: str, versions: dict[str, str]) -> RunReport:
    """The report of a history that has come to its end, of which all other files have been written."""
    taken = _taken(request.directory)
    if taken is not None:
        history = with_packets(history, taken, request.scenario)
    write_history(request.directory / HISTORY_FILE, history)
    report = _judged(request, history, trouble, versions)
    return msgspec.structs.replace(report, capture=_annotated(request.directory, taken, history))


def _taken(directory: Path) -> Taken | None:
    """The capture. One that cannot be read stays as it is, and costs no verdict."""
    try:
        return read_taken(directory)
    except (OSError, PcapngError):
        _capture_failed(directory)
        return None


def _annotated(directory: Path, taken: Taken | None, history: History) -> CaptureFacts | None:
    """Write what happened into the capture, which may fail as reading it may."""
    if taken is None:
        return None
    try:
        taken.annotate(history)
    except OSError:
        _capture_failed(directory)
        return None
    return taken.facts


def _capture_failed(directory: Path) -> None:
    write_whole(directory / LOG_FOLDER / CAPTURE_FAILURE_FILE, traceback.format_exc().encode())


def _judged(request: RunRequest, history: History, trouble: str, versions: dict[str, str]) -> RunReport:
    findings = check_all(history, request.scenario)
    verdict = worst(f.verdict for f in findings)
    if trouble:
        verdict = worst(["unknown", verdict])
    bad = [f"{f.checker}: {f.because}" for f in findings if f.verdict == verdict]
    because = trouble or ("every check holds" if verdict == "holds" else "; ".join(bad))
    for full in history.of_kind("capture-full"):
        because += f"; at {Clock.of(history).told(full.at_ns)} {full.get('because')}"
    report = _report(request, "finished", verdict, because)
    return msgspec.structs.replace(report, findings=findings, versions=versions, zero_ns=Clock.of(history).zero_ns)


def _play(conductor: Conductor) -> tuple[Status, str]:
    """Play the scenario; the trouble that makes it unknown, or nothing. A cluster that does not become ready may be the
    agents' own doing; a part of the harness that died is ours."""
    try:
        conductor.play()
    except NotReady as error:
        return "finished", str(error)
    except MachineryDied as error:
        return "failed", str(error)
    return "finished", ""


def _report(request: RunRequest, status: Status, verdict: Verdict, because: str) -> RunReport:
    scenario = request.scenario
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
        repeat=_repeat(request),
        began=began(request.directory),
        scenario_source=scenario.source,
        scenario_text=scenario.text,
        versions=versions_here(),
    )


def _repeat(request: RunRequest) -> str:
    """The command that repeats the run, without what the command takes by itself."""
    scenario = request.scenario
    words = ["herzschlag run", scenario.name if is_shipped(scenario) else scenario.source or scenario.name]
    if request.backend == "simulation":  # where the speed changes nothing
        words.append("--backend simulation")
    elif request.speed != scenario.speed:
        words.append(f"--speed {request.speed:g}")
    if request.seed:
        words.append(f"--seed {request.seed}")
    return " ".join(words)
