"""Runs on real packets that a benchmark keeps in a file of docs/, so that its page can be made again without them.

This module decides how such a file is written (a run a line), which runs prove nothing, and which are still wanted. It
leaves what a run is, and the order of runs, to each benchmark.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from herzschlag.history.records import write_whole
from herzschlag.running.run_file import RUN_FILE, RunReport, read_report

C = TypeVar("C")
C_co = TypeVar("C_co", covariant=True)


class Run(Protocol[C_co]):
    """What is kept of one run."""

    @property
    def left_out(self) -> str:
        """Why the run proves nothing: the machine was late, or a part of the harness died; else empty."""

    @property
    def cell(self) -> C_co:
        """What was played."""


def machine() -> str:
    """This one, in a few words."""
    kernel = platform.release().partition("-")[0]
    return f"{platform.machine()}, {os.cpu_count()} processors, Linux {kernel}, Python {platform.python_version()}"


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def report_in(folder: Path) -> RunReport | None:
    """Of the run that is somewhere below; None where there is none."""
    files = sorted(folder.rglob(RUN_FILE)) if folder.exists() else []
    return read_report(files[0].parent) if files else None


def doubt(report: RunReport) -> str:
    """Why a run proves nothing: it did not finish, the machine was late, or a part of the harness died; else empty."""
    if report.status != "finished":
        return report.because or report.status
    doubts = [f.because for f in report.findings if f.checker in ("lateness", "machinery") and f.verdict != "holds"]
    return doubts[0] if doubts else ""


def missing(cells: Iterable[C], runs: Iterable[Run[C]]) -> list[C]:
    """Those of which no run that proves something is kept."""
    sound = {one.cell for one in runs if not one.left_out}
    return [cell for cell in cells if cell not in sound]


def write(file: Path, head: msgspec.Struct, runs: Sequence[msgspec.Struct]) -> None:
    """`head`: all of the file; its last field is the runs, and is empty."""
    lines = ",\n    ".join(msgspec.json.encode(one).decode() for one in runs)
    begin = msgspec.json.encode(head).decode().removesuffix("[]}")
    write_whole(file, f"{begin}[\n    {lines}\n]}}\n".encode())
