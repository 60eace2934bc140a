"""Runs of the sweeps: thousands in virtual time, a few on real packets, on all processors."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.evidence.runs import doubt
from bench.lines.outcome import begin_ns, kinds_seen, replaced_after_s, settled_after_s, two_masters_s
from bench.lines.sweeps import MASTER, SWEEPS
from herzschlag.backends.opening import open_session
from herzschlag.history.records import History, read_history
from herzschlag.running.conductor import Conductor
from herzschlag.running.run_file import HISTORY_FILE
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import make_plan
from herzschlag.topo.impairments.apply import RELAY_ALWAYS

SPEED = 10.0
"""Of real packets."""


class Cell(NamedTuple):
    sweep: str
    series: str
    value: float
    seed: int

    @property
    def scenario(self) -> Scenario:
        return SWEEPS[self.sweep].series[self.series](self.value, self.seed)


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one run showed."""

    kinds: dict[str, float] = {}
    """Kind of false failover to its first instant, seconds after the first fault."""
    replaced_after_s: float | None = None
    """When another host led than before."""
    settled_after_s: float | None = None
    """When the last role, or a master's last opinion of a host, changed."""
    two_masters_s: float = 0.0
    """For how long two hosts were master at once, from the end of the last fault on."""


class Real(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run on real packets."""

    sweep: str
    series: str
    value: float
    seed: int
    seen: Seen
    left_out: str = ""
    """Why the run proves nothing: the machine was late, or a part of the harness died."""

    @property
    def cell(self) -> Cell:
        return Cell(self.sweep, self.series, self.value, self.seed)


def seen_in(history: History) -> Seen:
    ends = [record.at_ns for record in history.of_kind("fault") if record.get("phase") == "end"]
    return Seen(
        kinds=kinds_seen(history),
        replaced_after_s=replaced_after_s(history, MASTER),
        settled_after_s=settled_after_s(history),
        two_masters_s=two_masters_s(history, max(ends, default=begin_ns(history))),
    )


def played(scenario: Scenario, seed: int) -> History:
    """The history of a run in virtual time."""
    plan = make_plan(scenario, seed=seed)
    with open_session("simulation", plan) as session:
        conductor = Conductor(session, scenario, plan)
        conductor.play()
        return conductor.history()


def play(cell: Cell) -> Seen:
    return seen_in(played(cell.scenario, cell.seed))


def play_all(cells: Iterable[Cell]) -> dict[Cell, Seen]:
    """In virtual time."""
    wanted = list(dict.fromkeys(cells))
    with ProcessPoolExecutor() as pool:
        return dict(zip(wanted, pool.map(play, wanted, chunksize=20), strict=True))


def play_on_packets(cell: Cell) -> Real:
    """On real packets; the relay serves on every kernel, so the seed decides which packets are lost."""
    os.environ[RELAY_ALWAYS] = "1"
    with tempfile.TemporaryDirectory(prefix="herzschlag-lines-") as folder:
        directory = Path(folder) / "run"
        request = RunRequest(
            scenario=cell.scenario,
            backend="mininet",
            speed=SPEED,
            seed=cell.seed,
            directory=directory,
            capture="off",
        )
        report = run(request)
        if report.status != "finished":
            return Real(*cell, Seen(), doubt(report))
        return Real(*cell, seen_in(read_history(directory / HISTORY_FILE)), doubt(report))


def play_all_on_packets(cells: Iterable[Cell], jobs: int) -> Iterator[Real]:
    """Each run as it ends; prints a line for it."""
    pool = ProcessPoolExecutor(jobs)
    try:
        for one in pool.map(play_on_packets, list(cells)):
            told = one.left_out or ", ".join(f"{kind} {at:g} s" for kind, at in one.seen.kinds.items()) or "nothing"
            print(f"{one.sweep:<8} {one.series:<14} {one.value:>5g} seed {one.seed}: {told[:100]}")
            sys.stdout.flush()
            yield one
    finally:
        pool.shutdown(cancel_futures=True)  # when interrupted: those under way end, no other begins
