"""Clusters for tests: made as the marker says, judged when the test is over, with everything a failure needs.

Decides how a test's cluster comes to be and what its end says. Leaves fixtures and options to `pytest_plugin.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herzschlag.backends.base import BackendName, BackendUnavailable, MachineryDied
from herzschlag.cluster import Cluster, Setup
from herzschlag.conductor import NotReady
from herzschlag.pytest_slots import Place, places
from herzschlag.runner import RunReport, RunRequest, judge_and_write
from herzschlag.scenario_text import as_toml

SCENARIO_FILE = "scenario.toml"
TIMELINE = 40
"""Records that a failing test prints."""


class Lent:
    """One cluster in one test's hands."""

    def __init__(self, cluster: Cluster, backend: BackendName, directory: Path) -> None:
        self.cluster = cluster
        self.backend = backend
        self.directory = directory
        self.report: RunReport | None = None

    def judge(self) -> RunReport:
        """Let every checker speak, once, and write the run directory."""
        if self.report is None:
            cluster = self.cluster
            cluster.finish()
            scenario = cluster.scenario()
            self.directory.mkdir(parents=True, exist_ok=True)
            path = self.directory / SCENARIO_FILE
            path.write_text(as_toml(scenario))
            request = RunRequest(
                scenario=msgspec.structs.replace(scenario, source=str(path)),
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
        return (
            f"{self.cluster.timeline(TIMELINE)}\n\n"
            f"verdict:  {report.verdict} ({report.because})\n"
            f"run:      {self.directory}\n"
            f"report:   herzschlag report {self.directory}\n"
            f"repeat:   {report.repeat}"
        )


LENT = pytest.StashKey[list[Lent]]()


class _Kept:
    """A lab between two tests."""

    def __init__(self, cluster: Cluster, key: bytes, clean: tuple[object, ...], place: Place) -> None:
        self.cluster = cluster
        self.key = key
        self.clean = clean
        """How it stood when it was new."""
        self.place = place

    def close(self) -> None:
        self.cluster.close()
        self.place.free()


class LabKeeper:
    """All clusters of one pytest process. A lab on real packets that a test left as it found it serves the next test
    with the same wishes; any other is ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._runs = Path(str(config.getoption("--herzschlag-runs"))).absolute()
        self._idle: _Kept | None = None
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        self._keeps = workers <= places()
        """An idle lab holds a place: with more workers than places others would wait for it."""
        self.built = self.reused = 0

    def lend(self, item: pytest.Item, backend: BackendName) -> Iterator[Cluster]:
        """A ready cluster for one test."""
        wanted = _wanted(item)
        directory = self._runs / re.sub(r"[^\w.-]+", "-", f"{item.nodeid}-{backend}").strip("-")
        key = msgspec.json.encode([backend, wanted])
        kept = self._again(key, item.name, directory) or self._new(key, item.name, backend, directory, wanted)
        lent = Lent(kept.cluster, backend, directory)
        item.stash.setdefault(LENT, []).append(lent)
        try:
            yield kept.cluster
        except BaseException:
            kept.close()
            raise
        if backend == "mininet" and self._keeps and _is_clean(lent, kept.clean):
            self._idle = kept
        else:
            kept.close()

    def _again(self, key: bytes, name: str, directory: Path) -> _Kept | None:
        """The lab that the last test left, if it is what this one wants, and stands as it did when it was new."""
        kept, self._idle = self._idle, None
        if kept is None:
            return None
        if kept.key == key:
            try:
                kept.cluster = kept.cluster.again(name, directory)
            except (NotReady, MachineryDied):
                pass
            else:
                if kept.cluster.fingerprint() == kept.clean:
                    self.reused += 1
                    return kept
        kept.close()
        return None

    def _new(self, key: bytes, name: str, backend: BackendName, directory: Path, wanted: dict[str, Any]) -> _Kept:
        place = Place.wait()
        try:
            cluster = Cluster.start(
                wanted["setup"],
                backend=backend,
                name=name,
                directory=directory,
                **{word: value for word, value in wanted.items() if word != "setup"},
            )
        except BackendUnavailable as error:
            place.free()
            pytest.skip(f"{backend}: {error}")
        except (NotReady, MachineryDied) as error:
            place.free()
            pytest.fail(f"unknown: the cluster never became ready: {error}", pytrace=False)
        except BaseException:
            place.free()
            raise
        self.built += 1
        return _Kept(cluster, key, cluster.fingerprint(), place)

    def close(self) -> None:
        if self._idle is not None:
            self._idle.close()
            self._idle = None


def _is_clean(lent: Lent, clean: tuple[object, ...]) -> bool:
    """Whether the next test would notice nothing: no fault left, everything held, all as when it was new."""
    cluster = lent.cluster
    report = lent.report
    if report is None or report.verdict != "holds" or cluster.active:
        return False
    return cluster.fingerprint() == clean


def judge_all(item: pytest.Item, *, passed: bool) -> None:
    """After a test's own code: a violation fails it, and so does `unknown`, with its own word."""
    for lent in item.stash.get(LENT, []):
        report = lent.judge()
        if not passed or report.verdict != "holds":
            item.add_report_section("call", f"herzschlag {lent.backend}", lent.told())
        if passed and report.verdict != "holds":
            pytest.fail(f"{report.verdict}: {report.because}", pytrace=False)


def _wanted(item: pytest.Item) -> dict[str, Any]:
    """The markers of a test, the nearest first to be heard."""
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
    return {**told, "setup": setup}
