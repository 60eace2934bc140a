"""The board: a line for each run while runs go on. On a terminal it is redrawn; a pipe gets a line per finished run.

This module decides how a run's line fits the width: its name, its clock and what is expected next are never cut; of its
hosts as many are named as there is room for. It is drawn by a thread of its own while records come.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.spinner import Spinner
from rich.text import Text

from herzschlag.checkers.verdict import Mark
from herzschlag.history.clock import told_s
from herzschlag.history.records import Record
from herzschlag.languages import N_, gettext
from herzschlag.running.run_file import RunReport
from herzschlag.running.runner import RunRequest
from herzschlag.terminal.following import Following
from herzschlag.terminal.marks import DIM, sign
from herzschlag.terminal.redrawn import Redrawn

REFRESH_PER_S = 8
ROWS_BESIDE = 3
"""Rows of the screen that are not a run's: the title, and room for the cursor."""
ROLE_STYLES = {
    "no power": "red",
    "isolated": "magenta",
    "election": "yellow",
    "master": "bold green",
    "slave": "green",
}


NOT_STARTED = N_("not started")


class Silent:
    """Shows nothing: for `--json` and `--quiet`."""

    def began(self, index: int) -> None: ...
    def saw(self, index: int, record: Record) -> None: ...
    def ended(self, index: int, report: RunReport) -> None: ...
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Job:
    """One run's line."""

    def __init__(self, request: RunRequest, clock: Callable[[], float]) -> None:
        self.name = request.scenario.name
        self.phase: Literal["waits", "runs", "done"] = "waits"
        self.mark: Mark = "unknown"
        self.took_s = 0.0
        self._clock = clock
        self._began_s = clock()
        pace = None if request.backend == "simulation" else request.speed
        self.following = Following(request.scenario, pace, clock)

    def begin(self) -> None:
        self.phase, self._began_s = "runs", self._clock()

    def end(self, report: RunReport) -> None:
        self.phase, self.took_s = "done", self._clock() - self._began_s
        self.mark = report.verdict if report.started else "nothing"

    @property
    def running_s(self) -> float:
        return self._clock() - self._began_s


class Board(Redrawn):
    def __init__(
        self, console: Console, requests: Sequence[RunRequest], title: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(console, title, lambda: self, REFRESH_PER_S)
        self._lock = threading.Lock()
        self._jobs = [Job(request, clock) for request in requests]
        self._spinner = Spinner("dots")

    def began(self, index: int) -> None:
        with self._lock:
            self._jobs[index].begin()

    def saw(self, index: int, record: Record) -> None:
        with self._lock:
            self._jobs[index].following.take(record)

    def ended(self, index: int, report: RunReport) -> None:
        with self._lock:
            job = self._jobs[index]
            job.end(report)
            if not self._console.is_terminal and len(self._jobs) > 1:
                text = _done(job, self._names)
                text.append(f"  {gettext(report.verdict if report.started else NOT_STARTED)}")
                self._console.print(text, soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            yield Text(self._title, style="bold")
            yield from self._rows(options.max_width, (options.height or console.height) - ROWS_BESIDE)

    @property
    def _names(self) -> int:
        return max(len(job.name) for job in self._jobs)

    def _rows(self, width: int, rows_max: int) -> list[Text]:
        """A row for each run; where there are too many, those that wait and those that are done are counted."""
        jobs = self._jobs
        if len(jobs) <= max(3, rows_max):
            return [self._row(job, width) for job in jobs]
        done = [job for job in jobs if job.phase == "done"]
        waiting = sum(job.phase == "waits" for job in jobs)
        running = [job for job in jobs if job.phase == "runs"]
        wrong = [job for job in done if job.mark != "holds"][-max(1, rows_max - len(running) - 2) :]
        said = N_("{done} of {all} done, {waiting} wait")
        counts = Text(f"  {gettext(said, done=len(done), all=len(jobs), waiting=waiting)}", style=DIM)
        return [counts, *(self._row(job, width) for job in [*wrong, *running])]

    def _row(self, job: Job, width: int) -> Text:
        if job.phase == "done":
            return _done(job, self._names)
        if job.phase == "waits":
            return Text(f"    {job.name:<{self._names}}  {gettext('waits')}", style=DIM)
        frame = self._spinner.render(time.monotonic())
        text = Text.assemble("  ", frame if isinstance(frame, Text) else str(frame), f" {job.name:<{self._names}}  ")
        text.append(_clock(job), style="bold")
        follow = job.following
        coming = follow.next()
        ending = Text.assemble(("  next: ", DIM), coming) if coming else Text()
        states = _states(follow.states(), width - text.cell_len - ending.cell_len)
        return Text.assemble(text, states, ending)


def _done(job: Job, names: int) -> Text:
    return Text.assemble("  ", sign(job.mark), f" {job.name:<{names}}  {job.took_s:4.0f} s")


def _clock(job: Job) -> str:
    at_s = job.following.clock_s
    if at_s is None:
        return f"starting {job.running_s:.0f} s"
    return f"{told_s(at_s, 0)} of {max(job.following.length_s, 0):.0f}"


def _states(states: Sequence[tuple[str, str]], room: int) -> Text:
    """As many hosts as fit, and how many more there are."""
    text = Text()
    for number, (host, state) in enumerate(states):
        left = len(states) - number
        one = Text.assemble("  ", (f"{host.removeprefix('host-')} ", DIM), (gettext(state), ROLE_STYLES.get(state, "")))
        rest = f"  +{left - 1}" if left > 1 else ""
        if text.cell_len + one.cell_len + len(rest) > room:
            more = f"  +{left}"
            if number and text.cell_len + len(more) <= room:
                text.append(more, style=DIM)
            break
        text.append_text(one)
    return text
