"""The command `herzschlag report`: draws, or draws again, the reports of runs that have ended.

This module decides what a user may name (run directories, or folders that hold some) and that several runs get a
summary page as well. It leaves their content to `page.py` and `summary.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import typer

from herzschlag import failure
from herzschlag.exit_status import FAILED, WRONG_INPUT
from herzschlag.report.page import draw_and_write
from herzschlag.report.reading import SUMMARY_FILE, ReportError, read_run
from herzschlag.report.summary import Entry, entry, write_summary
from herzschlag.running.run_file import LOG_FOLDER, RUN_FILE


class Drawn(NamedTuple):
    """What became of the reports."""

    paths: list[Path]
    """Files written."""
    refused: list[str]
    """Errors of the user: not a run, a place that cannot be written."""
    failed: list[str]
    """Errors of ours, and what the machine ran out of."""


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories, or folders of them.")],
    summary: Annotated[
        Path | None, typer.Option(help="Where the page over several runs goes. Default: summary.html in their folder.")
    ] = None,
) -> None:
    """Draw the report of finished runs, and a summary page over several.

    Example: herzschlag report runs/2026-05-01-101500/isolation

    Example: herzschlag report runs/2026-05-01-101500
    """
    try:
        directories = run_directories(runs)
    except ReportError as error:
        _fail(str(error))
    drawn = draw_all(directories, summary)
    for path in drawn.paths:
        typer.echo(path)
    if drawn.failed:
        _fail("\n".join([*drawn.failed, *drawn.refused]), FAILED)
    if drawn.refused:
        _fail("\n".join(drawn.refused))


def draw_all(directories: Sequence[Path], summary: Path | None = None) -> Drawn:
    """Draw every run's report, and the summary over several. Never raises: the verdict of a run does not depend on
    whether it can be drawn."""
    drawn = Drawn([], [], [])
    entries: list[Entry] = []
    for directory in directories:
        try:
            run = read_run(directory)
            drawn.paths.append(draw_and_write(run))
            entries.append(entry(run))
        except ReportError as error:
            drawn.refused.append(str(error))
        except Exception as error:  # a fault of ours, or a full disk: said, and the next run drawn
            drawn.failed.append(f"{directory}: its report failed: {failure.line(error, directory / LOG_FOLDER)}")
    if len(entries) > 1 or (summary is not None and entries):
        path = summary or Path(commonpath([str(e.directory.resolve().parent) for e in entries])) / SUMMARY_FILE
        try:
            drawn.paths.append(write_summary(entries, path))
        except OSError as error:
            blamed = drawn.refused if summary is not None else drawn.failed
            blamed.append(f"{path}: {error.strerror}: choose another place with --summary")
    return drawn


def run_directories(named: Sequence[Path]) -> list[Path]:
    """Every run of these paths: the directories themselves, or the runs directly inside them. Raises ReportError."""
    found: list[Path] = []
    for path in named:
        if (path / RUN_FILE).is_file():
            found.append(path)
            continue
        inside = sorted(item.parent for item in path.glob(f"*/{RUN_FILE}")) if path.is_dir() else []
        if not inside:
            why = (
                "no such directory"
                if not path.is_dir()
                else f"neither a run (it has no {RUN_FILE}) nor a folder of runs"
            )
            raise ReportError(f"{path}: {why}: name what `herzschlag run` printed")
        found += inside
    return list(dict.fromkeys(found))


def _fail(text: str, status: int = WRONG_INPUT) -> NoReturn:
    typer.echo(f"herzschlag report: {text}", err=True)
    raise typer.Exit(status)
