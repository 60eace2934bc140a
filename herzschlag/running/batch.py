"""A batch of runs, several at a time, each in a process of its own.

This module decides how runs are spread over processes and how their reports come together. Runs are processes of their
own so that labs stay apart and a crash of one makes only that one's verdict unknown. However the batch
ends, its runs end with it (`interrupts.py`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from herzschlag import failure
from herzschlag.backends.many import ONE_RUN, expect_labs
from herzschlag.exit_status import INTERRUPTED
from herzschlag.history.records import Record
from herzschlag.running.memory import killed_since, killed_so_far
from herzschlag.running.one import OneRun
from herzschlag.running.progress import Reader
from herzschlag.running.run_file import ENDED, LOG_FOLDER, RunReport, Status, read_report
from herzschlag.running.runner import RunRequest
from herzschlag.topo.processes.start import Process, start

JOBS_MAX = 64
POLL_S = 0.1
STOP_S = 10.0
"""How long a run may take to end after an interrupt."""


class Watching(Protocol):
    """Who is told how the runs go on; they are named by their place in the list."""

    def began(self, index: int) -> None: ...
    def saw(self, index: int, record: Record) -> None: ...
    def ended(self, index: int, report: RunReport) -> None: ...


class _Child(msgspec.Struct):
    request: RunRequest
    process: Process
    lifeline: int
    """Our end of a pipe on which nothing is ever written: the run ends when it closes."""
    output: Path
    progress: Reader
    killed: int
    """Processes that the kernel had ended for want of memory by then."""


def run_batch(requests: Sequence[RunRequest], jobs: int, watching: Watching) -> list[RunReport]:
    """Run all, at most `jobs` at a time; reports in the order of the requests. Where one cannot even be started, those
    that wait are left out."""
    waiting = list(enumerate(requests))
    expect_labs(sum(request.backend == "mininet" for request in requests))
    alive: dict[int, _Child] = {}
    reports: dict[int, RunReport] = {}
    try:
        while waiting or alive:
            while waiting and len(alive) < jobs:
                index, request = waiting.pop(0)
                try:
                    alive[index] = _spawn(request)
                    watching.began(index)
                except OSError as error:  # a full disk, no descriptors
                    reports[index] = _lost(request, "failed", failure.line(error, request.directory / LOG_FOLDER))
                    watching.ended(index, reports[index])
            for index, child in list(alive.items()):
                for record in child.progress.read():
                    watching.saw(index, record)
                if child.process.poll() is not None:
                    del alive[index]
                    reports[index] = _collect(child)
                    watching.ended(index, reports[index])
                    if not reports[index].started:
                        waiting.clear()
            time.sleep(POLL_S)
    finally:
        _stop(list(alive.values()))
    return [reports[index] for index in sorted(reports)]


def _spawn(request: RunRequest) -> _Child:
    directory = request.directory
    (directory / LOG_FOLDER).mkdir(parents=True, exist_ok=True)
    scenario = directory / "scenario.toml"
    scenario.write_text(request.scenario.text, encoding="utf-8")
    _, _, variant = request.scenario.name.partition("@")
    named = f"{scenario}@{variant}" if variant else str(scenario)
    output = directory / LOG_FOLDER / "runner.txt"
    killed = killed_so_far()
    lifeline, held = os.pipe()
    try:
        with output.open("wb") as log:
            process = start(ONE_RUN, OneRun.of(request, named).words(), stdin=lifeline, stdout=log, stderr=log)
    except BaseException:
        os.close(held)
        raise
    finally:
        os.close(lifeline)
    return _Child(request, process, held, output, Reader(directory), killed)


def _collect(child: _Child) -> RunReport:
    os.close(child.lifeline)
    child.progress.remove()
    directory = child.request.directory
    try:
        report = read_report(directory)
    except (OSError, msgspec.MsgspecError):
        report = None
    if report is not None and report.status in ENDED:
        return report
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = child.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    status = child.process.wait()
    how = f"with status {status}" if status >= 0 else f"by signal {-status}"
    why = lines[-1] if lines else f"its process ended {how}"
    why += killed_since(child.killed)
    ended: Status = "interrupted" if status == INTERRUPTED else "failed"
    found = _lost(child.request, ended, f"the run did not finish: {why} (see {child.output})")
    return found if report is None else msgspec.structs.replace(found, repeat=report.repeat)


def _lost(request: RunRequest, status: Status, because: str) -> RunReport:
    """The report of a run that left none."""
    scenario = request.scenario
    return RunReport(
        status=status,
        scenario=scenario.name,
        title=scenario.title,
        backend=request.backend,
        speed=request.speed,
        seed=request.seed,
        verdict="unknown",
        because=because,
        directory=str(request.directory),
    )


def _stop(children: Sequence[_Child]) -> None:
    """Interrupt the runs still going on, as a terminal would; after STOP_S kill them."""
    for child in children:
        child.process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_S
    for child in children:
        try:
            child.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        os.close(child.lifeline)
