"""Runs for a lesson: each scenario played once, in virtual time at once, on real packets by a process of its own.

This module decides where such a run lies (a directory that goes with it) and what is kept: its model and its packets.
It leaves what of it may be shown already to `view.py`. In virtual time packets come from the simulated network, as
there is no capture; whether one arrived follows from the faults in force.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from herzschlag.backends.base import Session
from herzschlag.backends.names import BackendName
from herzschlag.backends.opening import open_session
from herzschlag.backends.simulation import SimulationSession
from herzschlag.checkers.truth import Truth
from herzschlag.errors import HarnessFailure
from herzschlag.history.sent import PING, SentPacket
from herzschlag.report.model import Model
from herzschlag.report.reading import ReportError, read_run
from herzschlag.report.traffic import Datagram
from herzschlag.running.run_file import RunReport, read_report
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from herzschlag.scenarios.plan import Plan

END_S = 10.0
"""Real time that a lab gets to end by itself."""


class NothingToShow(HarnessFailure):
    """A run that came to no end: there is nothing that a lesson could show."""


class Played(msgspec.Struct, frozen=True):
    """One run that is over."""

    scenario: str
    file: RunReport
    model: Model
    packets: tuple[Datagram, ...]


class Runs:
    """The runs of one lesson. `of` plays a scenario the first time it is asked for; any thread may call it."""

    def __init__(self, backend: BackendName, *, speed: float = 1.0, seed: int = 0) -> None:
        self.backend, self.speed, self._seed = backend, speed, seed
        self._played: dict[str, Played] = {}
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._closing = False

    def ready(self, scenario: str) -> bool:
        return scenario in self._played

    def of(self, scenario: str) -> Played:
        """Raises ScenarioError, BackendUnavailable, NothingToShow."""
        with self._lock:
            if scenario not in self._played:
                with TemporaryDirectory(prefix="herzschlag-lesson-") as folder:
                    self._played[scenario] = self._play(scenario, Path(folder) / "run")
            return self._played[scenario]

    def close(self) -> None:
        """End the lab that is running; its namespaces end with its process."""
        self._closing = True
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(END_S)
            except subprocess.TimeoutExpired:
                self._child.kill()

    def _play(self, scenario: str, directory: Path) -> Played:
        if self.backend == "simulation":
            return simulated(scenario, directory, self._seed)
        words = ["run", scenario, "--speed", f"{self.speed:g}", "--seed", str(self._seed), "--no-report", "--quiet"]
        command = [sys.executable, "-m", "herzschlag", *words, "--out", str(directory)]
        if self._closing:
            raise NothingToShow("the lesson ends")
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, told = self._child.communicate()
        found = next((file.parent for file in sorted(directory.rglob("run.json"))), None)
        if found is None:
            raise NothingToShow(told.decode(errors="replace").strip() or "the lab left no run")
        return read(scenario, found)


def simulated(scenario: str, directory: Path, seed: int = 0) -> Played:
    """The run in virtual time, with every packet of its network. Raises ScenarioError, NothingToShow."""
    sessions: list[SimulationSession] = []

    def opened(backend: BackendName, plan: Plan) -> Session:
        session = open_session(backend, msgspec.structs.replace(plan, counts_packets=True))
        assert isinstance(session, SimulationSession)
        sessions.append(session)
        return session

    request = RunRequest(scenario=load(scenario), backend="simulation", speed=1.0, seed=seed, directory=directory)
    run(request, opener=opened)
    found = read(scenario, directory)
    truth = found.model.truth
    packets = tuple(passed(one, truth) for session in sessions for one in session.sent())
    return msgspec.structs.replace(found, packets=packets)


def passed(one: SentPacket, truth: Truth) -> Datagram:
    """A packet of the simulated network, with its fate."""
    segment = truth.segment_at(one.at_ns)
    what = "icmp" if one.packet == PING else "8182"
    arrives = truth.powered(one.receiver, segment) and truth.passes(
        one.network, one.sender, one.receiver, segment, "icmp" if what == "icmp" else "8182"
    )
    return Datagram(one.at_ns, one.at_ns if arrives else None, one.network, one.sender, one.receiver, one.packet)


def read(scenario: str, directory: Path) -> Played:
    """Raises NothingToShow."""
    file = read_report(directory)
    if file.status != "finished":
        raise NothingToShow(file.because)
    try:
        model = Model(read_run(directory))
    except ReportError as error:
        raise NothingToShow(str(error)) from None
    return Played(scenario, file, model, model.run.traffic.datagrams)
