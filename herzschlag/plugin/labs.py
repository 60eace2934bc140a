"""Clusters for tests: made as the marker says, judged when the test is over, reported when it fails.

This module decides how a test's cluster is made, when the next test may have the same, and what a failing test prints.
It leaves fixtures and options to `hooks.py`, what a test asks for to `marker.py`, how many labs there are at once to
`places.py`, how a lab goes on to `backends/reuse.py`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from herzschlag import failure
from herzschlag.backends.base import BackendUnavailable, MachineryDied
from herzschlag.backends.many import expect_labs, expect_no_more_labs
from herzschlag.backends.names import BackendName
from herzschlag.checkers import checkers
from herzschlag.checkers.rules import lateness
from herzschlag.cluster import Cluster, ConditionNotMet
from herzschlag.errors import UnusableMachine
from herzschlag.extensions import ExtensionError
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.records import write_whole
from herzschlag.plugin.constants import AGAIN, PROPERTY, SPEED_OPTION
from herzschlag.plugin.failing import fail
from herzschlag.plugin.homes import Home
from herzschlag.plugin.marker import MarkerError, Wish, wish_of
from herzschlag.plugin.packets import go_without
from herzschlag.plugin.places import Place
from herzschlag.plugin.speed import at_most
from herzschlag.report import write_report
from herzschlag.running.conductor import NotReady
from herzschlag.running.run_file import HISTORY_FILE, LOG_FOLDER, RUN_FILE, RunReport
from herzschlag.running.runner import RunRequest, judge_and_write
from herzschlag.scenarios.to_toml import as_toml
from herzschlag.topo.capture import pcapng

SCENARIO_FILE = "scenario.toml"
TOLD_LINES = 10
"""Lines of a failure on what was so and what happened; with those about the run they are fifteen."""
LOG_BYTES_MAX = 1_000_000
"""Larger logs stay out of run directories: the records of all agents are in the history anyway."""
NAME_MAX = 150
"""Characters of a run directory's name, of the 255 that file systems allow."""
NEW = "new"
LINUX = sys.platform == "linux"
NO_LINUX = (
    f"labs on real packets need Linux, this is {sys.platform}: --herzschlag-backend simulation runs here, "
    "herzschlag remote reaches a VM"
)


class Lab:
    """A cluster that outlives a test, with the folder in which it writes its logs and its capture."""

    def __init__(self, cluster: Cluster, key: bytes, home: Home | None) -> None:
        self.cluster = cluster
        self.key = key
        self._home = home
        """None: it writes nothing, it is a simulation."""
        self._stood = cluster.snapshot()
        self._looked: Mapping[str, str] = {}

    def remember(self) -> None:
        """Look at it while it is new, because the next test may want it."""
        if not self._looked:
            self._looked = self.cluster.session.look()

    def again(self, name: str) -> str:
        """Make it the next test's, with a history of its own; or say why it is fit for none."""
        if reason := self.cluster.difference_since(self._stood):
            return reason
        try:
            self.cluster = self.cluster.again(name)
            looks = self.cluster.session.look()
        except (NotReady, MachineryDied) as error:
            return str(error)
        for place in sorted(looks.keys() | self._looked.keys()):
            before, now = self._looked.get(place, ""), looks.get(place, "")
            if before != now:
                return f"{place}: {_difference(before, now)}"
        punctual = lateness.CHECKER.check(self.cluster.history(), self.cluster.scenario())
        return self.cluster.difference_since(self._stood) or ("" if punctual.fine else punctual.because)

    def keep_for(self, directory: Path) -> None:
        """Copy its logs, and its packets since this test began, into a run directory."""
        if self._home is None:
            return
        home = self._home.path
        for log in sorted((home / LOG_FOLDER).iterdir()):
            if log.is_file() and log.stat().st_size <= LOG_BYTES_MAX:
                (directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
                shutil.copy(log, directory / LOG_FOLDER / log.name)
        facts = self.cluster.session.capture
        if facts is None or not (home / CAPTURE_FILE).is_file():
            return
        try:
            whole = pcapng.read(home / CAPTURE_FILE)
        except pcapng.PcapngError:
            return  # a recorder that has just begun: the log says how it went on
        began_ns = facts.wall_ns(self.cluster.began_ns)
        packets = tuple(packet for packet in whole.packets if packet.at_ns >= began_ns)
        write_whole(directory / CAPTURE_FILE, b"".join(pcapng.encode(msgspec.structs.replace(whole, packets=packets))))

    def close(self) -> None:
        self.cluster.close()
        if self._home is not None:
            self._home.remove()


class Lent:
    """One cluster, lent to one test."""

    def __init__(self, lab: Lab, backend: BackendName, directory: Path, again: str) -> None:
        self.lab = lab
        self.cluster = lab.cluster
        self.backend = backend
        self.directory = directory
        self.report: RunReport | None = None
        self._again = again

    def judge(self) -> RunReport:
        """Run every checker, once, and write the run directory."""
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

    def told(self, error: BaseException | None = None) -> str:
        """What a failing test prints. A condition that was not met has told what happened itself."""
        report = self.judge()
        try:
            drawn = str(write_report(self.directory))
        except Exception as trouble:  # whatever keeps it from being drawn must not hide why the test failed
            drawn = f"none: {type(trouble).__name__}: {trouble}"
        told = [] if isinstance(error, ConditionNotMet) else self.cluster.told(TOLD_LINES)
        return (
            "\n".join([*told, ""]) + f"verdict:  {report.verdict} ({report.because})\n"
            f"run:      {self.directory}\n"
            f"report:   {drawn}\n"
            f"again:    {self._again}\n"
            f"faults:   {report.repeat}"
        )


LENT = pytest.StashKey[list[Lent]]()


class LabKeeper:
    """All clusters of one pytest process. A lab on real packets that a test left as it found it serves the next test,
    when that one wants the same; any other is ended with its test. It has one place at most, and gives it back between
    two tests unless a lab stays up for the second."""

    def __init__(self, config: pytest.Config) -> None:
        self._runs = Path(str(config.getoption("--herzschlag-runs"))).absolute()
        self._invoked = config.invocation_params.dir
        self._idle: Lab | None = None
        self._place: Place | None = None
        self._next: pytest.Item | None = None
        """The test after this one; an idle lab costs processor time, so none is kept for later ones."""
        self._labs = 0
        """Labs on real packets that came up so far."""

    def begin(self, item: pytest.Item, following: pytest.Item | None) -> None:
        """Before anything of a test: wait here, where no time limit of the test runs yet, until a lab may come up."""
        self._next = following
        key = real_key(item)
        if self._idle is not None and self._idle.key != key:
            self._drop()
        if key is not None and item.get_closest_marker("skip") is None and LINUX:
            self._take_place(_wished(item, "mininet"))

    def end(self) -> None:
        """After everything of a test. The idle lab may be left over from a test that was skipped or failed early."""
        if self._idle is not None and not self._next_wants(self._idle.key):
            self._drop()
        if self._idle is None and self._place is not None:
            self._place.free()
            self._place = None

    def lend(self, item: pytest.Item, backend: BackendName, label: str = "") -> Iterator[Cluster]:
        """A ready cluster for one test."""
        try:
            checkers()
            wish = _wished(item, backend)
        except (MarkerError, ExtensionError) as error:
            fail(f"{item.nodeid}: {error}")
        directory = self._runs / directory_name(f"{item.nodeid}{label}")
        _empty(directory)
        key = key_of(backend, wish)
        real = backend == "mininet"
        why, lab = self._used_again(key, directory_name(item.name)) if real else (NEW, None)
        lab = lab or self._new(item, backend, directory, wish)
        if real:
            item.user_properties.append((PROPERTY, why))
        lent = Lent(lab, backend, directory, self._command(item, backend))
        item.stash.setdefault(LENT, []).append(lent)
        if real and self._next_wants(key):
            lab.remember()
        yield lab.cluster
        held = lent.report is not None and lent.report.verdict == "holds"
        if real and held and self._idle is None and self._next_wants(key) and self._may_stay():
            self._idle = lab
        else:
            lab.close()

    def _next_wants(self, key: bytes) -> bool:
        return self._next is not None and real_key(self._next) == key

    def _may_stay(self) -> bool:
        return self._place is not None and not self._place.wanted()

    def _used_again(self, key: bytes, name: str) -> tuple[str, Lab | None]:
        """The lab that the last test left, if it is what this one wants and is as it was when it was new."""
        lab, self._idle = self._idle, None
        if lab is None:
            return NEW, None
        reason = "the next test wants another" if lab.key != key else lab.again(name)
        if not reason:
            return AGAIN, lab
        lab.close()
        return f"{NEW}: {reason}", None

    def _new(self, item: pytest.Item, backend: BackendName, directory: Path, wish: Wish) -> Lab:
        name = directory_name(item.name)
        real = backend == "mininet"
        if real and not LINUX:
            go_without(item, NO_LINUX)
        if real:
            self._take_place(wish)
        try:
            home = Home.make() if real else None
        except (OSError, UnusableMachine) as error:
            fail(_failed(error, directory))
        place = None if home is None else home.path
        if real:
            self._labs += 1
            expect_labs(self._labs)  # from the second one on there may be many
        try:
            cluster = Cluster.start(
                wish.setup, backend=backend, speed=wish.speed, seed=wish.seed, name=name, directory=place
            )
        except BaseException as error:
            if home is not None:
                if (home.path / LOG_FOLDER).is_dir() and not isinstance(error, BackendUnavailable):
                    with contextlib.suppress(OSError):  # the error that is reported is the first one
                        shutil.copytree(home.path / LOG_FOLDER, directory / LOG_FOLDER, dirs_exist_ok=True)
                home.remove()
            if isinstance(error, BackendUnavailable):
                go_without(item, f"{backend}: {error}")
            if isinstance(error, NotReady | MachineryDied):
                fail(f"unknown: the cluster never became ready: {error} (logs: {directory})")
            if isinstance(error, OSError | MemoryError):
                fail(_failed(error, directory))
            raise
        return Lab(cluster, key_of(backend, wish), home)

    def _take_place(self, wish: Wish) -> None:
        if self._place is not None and self._place.alone != wish.alone:
            self._place.free()
            self._place = None
        if self._place is None:
            self._place = Place.wait(alone=wish.alone)

    def _command(self, item: pytest.Item, backend: BackendName) -> str:
        """The line that runs this one test again, from where pytest was called."""
        path, separator, inside = item.nodeid.partition("::")
        where = os.path.relpath(item.path, self._invoked) if separator else path
        words = ["python", "-m", "pytest", f"{where}{separator}{inside}", "--herzschlag-backend", backend]
        if (speed := item.config.getoption(SPEED_OPTION)) is not None:
            words += [SPEED_OPTION, f"{speed:g}"]
        return " ".join(shlex.quote(word) for word in words)

    def _drop(self) -> None:
        if self._idle is not None:
            self._idle.close()
            self._idle = None

    def close(self) -> None:
        self._drop()
        if self._place is not None:
            self._place.free()
            self._place = None
        expect_no_more_labs()


def key_of(backend: str, wish: Wish) -> bytes:
    return msgspec.json.encode([backend, wish])


def real_key(item: pytest.Item) -> bytes | None:
    """What a test wants of a lab on real packets, as far as it is known before it runs; None: nothing."""
    backend = item.callspec.params.get("herzschlag_backend") if hasattr(item, "callspec") else None
    if backend != "mininet" or "cluster" not in getattr(item, "fixturenames", ()):
        return None
    try:
        return key_of("mininet", _wished(item, "mininet"))
    except (MarkerError, ExtensionError):
        return None  # the fixture says so


def _wished(item: pytest.Item, backend: BackendName) -> Wish:
    wish = wish_of(item)
    return msgspec.structs.replace(wish, speed=at_most(item.config, backend, wish.speed))


def judge_all(item: pytest.Item, error: BaseException | None) -> None:
    """After a test's own code: a violation fails it, and so does `unknown`, with its own word."""
    for lent in item.stash.get(LENT, []):
        try:
            report = lent.judge()
        except Exception as trouble:  # a full disk: not the cluster's doing, nor the test's
            if error is None:
                fail(_failed(trouble, lent.directory))
            item.add_report_section("call", f"herzschlag {lent.backend}", _failed(trouble, lent.directory))
            continue
        if (error is not None and not isinstance(error, BackendUnavailable)) or report.verdict != "holds":
            item.add_report_section("call", f"herzschlag {lent.backend}", lent.told(error))
        if error is None and report.verdict != "holds":
            fail(f"{report.verdict}: {report.because}")
    if isinstance(error, BackendUnavailable):
        if any(lent.backend == "mininet" for lent in item.stash.get(LENT, [])):
            go_without(item, str(error))
        pytest.skip(str(error))
    if isinstance(error, MachineryDied):
        fail(f"unknown: {error}")


def _failed(error: BaseException, directory: Path) -> str:
    return f"herzschlag itself failed: {failure.line(error, directory / LOG_FOLDER)}"


def directory_name(nodeid: str) -> str:
    """Readable; tests of one file never share one, whatever their parameters are called."""
    place, bracket, parameters = nodeid.partition("[")
    plain = re.sub(r"::|/", "-", place) + (
        f"-{parameters[:-1]}" if bracket and parameters.endswith("]") else parameters
    )
    name = re.sub(r"[^\w.-]+", "-", plain, flags=re.ASCII).strip("-.")
    if name == plain and len(name) <= NAME_MAX:
        return name
    return f"{name[:NAME_MAX]}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"


def _difference(before: str, now: str) -> str:
    """The first line that came or went."""
    old, new = before.splitlines(), now.splitlines()
    came = next((line for line in new if line not in old), None)
    gone = next((line for line in old if line not in new), None)
    words = [f"{said} {line.strip()!r}" for said, line in (("new is", came), ("gone is", gone)) if line is not None]
    return ", ".join(words) or "in another order"


def _empty(directory: Path) -> None:
    """Remove the files that an earlier session left of the same test: they would be taken for this session's."""
    if any((directory / name).exists() for name in (RUN_FILE, HISTORY_FILE, SCENARIO_FILE, LOG_FOLDER)):
        shutil.rmtree(directory)
