"""Playing runs for `herzschlag run`: here or in a batch, watched on the board, drawn, and told at the end.

This module decides the order of what a user sees, and that a machine on which nothing can be started is tried once. How
things look is left to `herzschlag/terminal`, arguments and exit statuses to `app.py`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from herzschlag.backends.many import expect_labs
from herzschlag.history.records import History, HistoryError, read_history
from herzschlag.report.cli import Drawn, draw_all
from herzschlag.running import batch
from herzschlag.running.run_file import HISTORY_FILE, RunReport
from herzschlag.running.runner import RunRequest, run
from herzschlag.terminal.board import Board, Silent
from herzschlag.terminal.closing import closing, of_runs
from herzschlag.terminal.lines import write
from herzschlag.terminal.outcome import headings, outcome


def play(
    console: Console, requests: Sequence[RunRequest], jobs: int, *, silent: bool, draw: bool
) -> tuple[list[RunReport], Drawn, float]:
    """Run all of them; their reports, what became of the drawn ones, and how many seconds it took. `silent`: nothing is
    shown while they go on."""
    began_s = time.monotonic()
    title = of_runs(len(requests), requests[0].backend, [request.speed for request in requests], jobs)
    board = Silent() if silent else Board(console, requests, f"Herzschlag  {title}")
    with board:
        reports = _alone(requests, board) if min(jobs, len(requests)) == 1 else batch.run_batch(requests, jobs, board)
        drawn = draw_all([Path(r.directory) for r in reports if _can_be_drawn(r)] if draw else [])
    return reports, drawn, time.monotonic() - began_s


def tell(
    console: Console, reports: Sequence[RunReport], *, took_s: float, skipped: int, verbose: bool, quiet: bool
) -> None:
    """The outcome of each run, then of all; `quiet`: only what does not hold, and the last line."""
    told = [report for report in reports if not quiet or report.verdict != "holds"]
    width = console.width if console.is_terminal else 0
    first = next((report for report in told if report.verdict == "holds" and report.instants), None)
    for report in told:
        if report is first:
            write(console, [headings()])
        write(console, outcome(report, _history(report), verbose=verbose, width=width))
    write(console, closing(console, reports, took_s=took_s, skipped=skipped, quiet=quiet))


def _alone(requests: Sequence[RunRequest], board: batch.Watching) -> list[RunReport]:
    reports: list[RunReport] = []
    expect_labs(sum(request.backend == "mininet" for request in requests))
    for index, request in enumerate(requests):
        board.began(index)
        report = run(request, partial(board.saw, index))
        board.ended(index, report)
        reports.append(report)
        if not report.started:
            break
    return reports


def _history(report: RunReport) -> History | None:
    """What happened, where it has to be told."""
    if report.verdict != "violated":
        return None
    try:
        return read_history(Path(report.directory) / HISTORY_FILE)
    except (OSError, HistoryError):
        return None


def _can_be_drawn(report: RunReport) -> bool:
    """Also one that failed, up to where it did, unless its records could not be written."""
    return report.status == "finished" or (report.status == "failed" and bool(report.findings))
