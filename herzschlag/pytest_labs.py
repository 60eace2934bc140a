"""Clusters for tests: made as the marker says, judged when the test is over, with everything a failure needs.

Decides how a test's cluster comes to be, when the next test may have the same, and what a test's end says. Leaves
fixtures and options to `pytest_plugin.py`, how a lab goes on to `backends/continued.py`.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herzschlag.backends.base import BackendName, BackendUnavailable, MachineryDied
from herzschlag.checkers import lateness
from herzschlag.cluster import Cluster, Setup
from herzschlag.conductor import NotReady
from herzschlag.history import write_whole
from herzschlag.packets.facts import CAPTURE_FILE
from herzschlag.pytest_slots import Place
from herzschlag.report import write_report
from herzschlag.runner import HISTORY_FILE, LOG_FOLDER, RUN_FILE, RunReport, RunRequest, judge_and_write
from herzschlag.scenario_text import as_toml
from topo import pcapng

SCENARIO_FILE = "scenario.toml"
TIMELINE = 40
"""Records that a failing test prints."""
LOG_BYTES_MAX = 1_000_000
"""Larger logs stay out of run directories: the records of all agents are in the history anyway."""
WANTED = pytest.StashKey[dict[str, Any]]()


class Lab:
    """A cluster that outlives a test, with the folder in which it writes its logs and its capture."""

    def __init__(self, cluster: Cluster, key: bytes, home: Path | None, place: Place | None) -> None:
        self.cluster = cluster
        self.key = key
        self.home = home
        """None: it writes nothing, it is a simulation."""
        self.clean = cluster.snapshot()
        self._place = place

    def again(self, name: str) -> bool:
        """Make it the next test's, with a history of its own. False: it is fit for none."""
        if not self.cluster.is_as(self.clean):
            return False
        try:
            self.cluster = self.cluster.again(name)
        except (NotReady, MachineryDied):
            return False
        punctual = lateness.check(self.cluster.history(), self.cluster.scenario()).verdict == "holds"
        return punctual and self.cluster.snapshot() == self.clean

    def keep_for(self, directory: Path) -> None:
        """Bring what it wrote into a run directory: its logs, and its packets since this test has it."""
        if self.home is None:
            return
        for log in sorted((self.home / LOG_FOLDER).iterdir()):
            if log.is_file() and log.stat().st_size <= LOG_BYTES_MAX:
                (directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
                shutil.copy(log, directory / LOG_FOLDER / log.name)
        facts = self.cluster.session.capture
        if facts is None or not (self.home / CAPTURE_FILE).is_file():
            return
        try:
            whole = pcapng.read(self.home / CAPTURE_FILE)
        except pcapng.PcapngError:
            return  # a recorder that has just begun: the log says how it went on
        began_ns = facts.wall_ns(self.cluster.began_ns)
        packets = tuple(packet for packet in whole.packets if packet.at_ns >= began_ns)
        write_whole(directory / CAPTURE_FILE, b"".join(pcapng.encode(msgspec.structs.replace(whole, packets=packets))))

    def close(self) -> None:
        self.cluster.close()
        if self.home is not None:
            shutil.rmtree(self.home, ignore_errors=True)
        if self._place is not None:
            self._place.free()


class Lent:
    """One cluster in one test's hands."""

    def __init__(self, lab: Lab, backend: BackendName, directory: Path) -> None:
        self.lab = lab
        self.cluster = lab.cluster
        self.backend = backend
        self.directory = directory
        self.report: RunReport | None = None

    def judge(self) -> RunReport:
        """Let every checker speak, once, and write the run directory."""
        if self.report is None:
            cluster = self.cluster
            with contextlib.suppress(MachineryDied):  # the history says so, which makes the verdict unknown
                cluster.finish()
            scenario = cluster.scenario()
            self.directory.mkdir(parents=True, exist_ok=True)
            self.lab.keep_for(self.directory)
            path = self.directory / SCENARIO_FILE
            text = as_toml(scenario)
            path.write_text(text, encoding="utf-8")
            request = RunRequest(
                scenario=msgspec.structs.replace(scenario, source=str(path), text=text),
                backend=self.backend,
                speed=cluster.plan.speed,
                seed=cluster.plan.seed,
                directory=self.directory,
            )
            self.report = judge_and_write(request, cluster.history(), dict(cluster.session.versions()))
        return self.report

    def told(self) -> str:
        """What a failing test prints."""
        report = self.judge()
        try:
            drawn = str(write_report(self.directory))
        except Exception as error:  # whatever keeps it from being drawn must not hide why the test failed
            drawn = f"none: {type(error).__name__}: {error}"
        return (
            f"{self.cluster.timeline(TIMELINE)}\n\n"
            f"verdict:  {report.verdict} ({report.because})\n"
            f"run:      {self.directory}\n"
            f"report:   {drawn}\n"
            f"repeat:   {report.repeat}"
        )


LENT = pytest.StashKey[list[Lent]]()


class LabKeeper:
    """All clusters of one pytest process. A lab on real packets that a test left as it found it serves the next test,
    when that one wants the same; any other is ended with its test."""

    def __init__(self, config: pytest.Config) -> None:
        self._runs = Path(str(config.getoption("--herzschlag-runs"))).absolute()
        self._idle: Lab | None = None
        self.next: pytest.Item | None = None
        """The test after this one; an idle lab costs processor time, so none is kept for later ones."""

    def lend(self, item: pytest.Item, backend: BackendName, label: str = "") -> Iterator[Cluster]:
        """A ready cluster for one test."""
        setup = wanted(item)
        directory = self._runs / re.sub(r"[^\w.-]+", "-", f"{item.nodeid}{label}").strip("-")
        _empty(directory)
        key = msgspec.json.encode([backend, setup])
        lab = self._again(key, item.name) or self._new(key, item.name, backend, directory, setup)
        lent = Lent(lab, backend, directory)
        item.stash.setdefault(LENT, []).append(lent)
        yield lab.cluster
        if lent.report is not None and lent.report.verdict == "holds" and self._next_wants(key):
            self._idle = lab
        else:
            lab.close()

    def _next_wants(self, key: bytes) -> bool:
        item = self.next
        if item is None or self._idle is not None or "cluster" not in getattr(item, "fixturenames", ()):
            return False
        backend = item.callspec.params.get("herzschlag_backend") if hasattr(item, "callspec") else None
        return backend == "mininet" and msgspec.json.encode([backend, wanted(item)]) == key

    def _again(self, key: bytes, name: str) -> Lab | None:
        """The lab that the last test left, if it is what this one wants and stands as it did when it was new."""
        lab, self._idle = self._idle, None
        if lab is None:
            return None
        if lab.key == key and lab.again(name):
            return lab
        lab.close()
        return None

    def _new(self, key: bytes, name: str, backend: BackendName, directory: Path, setup: dict[str, Any]) -> Lab:
        real = backend == "mininet"
        home = Path(tempfile.mkdtemp(prefix="herzschlag-lab-")) if real else None
        place = Place.wait() if real else None
        try:
            cluster = Cluster.start(
                setup["setup"],
                backend=backend,
                name=name,
                directory=home,
                **{word: value for word, value in setup.items() if word != "setup"},
            )
        except BaseException as error:
            if home is not None:
                if (home / LOG_FOLDER).is_dir() and not isinstance(error, BackendUnavailable):
                    shutil.copytree(home / LOG_FOLDER, directory / LOG_FOLDER, dirs_exist_ok=True)
                shutil.rmtree(home, ignore_errors=True)
            if place is not None:
                place.free()
            if isinstance(error, BackendUnavailable):
                pytest.skip(f"{backend}: {error}")
            if isinstance(error, NotReady | MachineryDied):
                pytest.fail(f"unknown: the cluster never became ready: {error} (logs: {directory})", pytrace=False)
            raise
        return Lab(cluster, key, home, place)

    def close(self) -> None:
        if self._idle is not None:
            self._idle.close()
            self._idle = None


def judge_all(item: pytest.Item, error: BaseException | None) -> None:
    """After a test's own code: a violation fails it, and so does `unknown`, with its own word."""
    for lent in item.stash.get(LENT, []):
        report = lent.judge()
        if (error is not None and not isinstance(error, BackendUnavailable)) or report.verdict != "holds":
            item.add_report_section("call", f"herzschlag {lent.backend}", lent.told())
        if error is None and report.verdict != "holds":
            pytest.fail(f"{report.verdict}: {report.because}", pytrace=False)
    if isinstance(error, BackendUnavailable):
        pytest.skip(str(error))
    if isinstance(error, MachineryDied):
        pytest.fail(f"unknown: {error}", pytrace=False)


def wanted(item: pytest.Item) -> dict[str, Any]:
    """What the markers of a test ask for, the nearest first to be heard: speed, seed, setup."""
    if WANTED in item.stash:
        return item.stash[WANTED]
    keys: dict[str, Any] = {}
    for mark in item.iter_markers("herzschlag"):
        if mark.args:
            raise pytest.UsageError(f"{item.nodeid}: the marker herzschlag takes names only, e.g. hosts=4")
        keys = {**mark.kwargs, **keys}
    told: dict[str, Any] = {name: keys.pop(name) for name in ("speed", "seed") if name in keys}
    try:
        setup = msgspec.convert(msgspec.to_builtins(keys), Setup)
    except msgspec.ValidationError as error:
        known = ", ".join(("speed", "seed", *Setup.__struct_fields__))
        raise pytest.UsageError(f"{item.nodeid}: marker herzschlag: {error}; known are {known}") from None
    item.stash[WANTED] = {**told, "setup": setup}
    return item.stash[WANTED]


def _empty(directory: Path) -> None:
    """What an earlier session left of the same test would be taken for this one's."""
    if any((directory / name).exists() for name in (RUN_FILE, HISTORY_FILE, SCENARIO_FILE, LOG_FOLDER)):
        shutil.rmtree(directory)
