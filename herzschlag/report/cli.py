"""The command `herzschlag report`: draws, or draws again, the reports of runs that have ended.

This module decides that several runs get a summary page as well. It leaves their content to `page.py` and `summary.py`,
and which runs an argument means to `herzschlag/running/which_run.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import typer

from herzschlag import failure
from herzschlag.exit_status import FAILED, WRONG_INPUT
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.report.neighbours import link_reports
from herzschlag.report.page import draw_and_write
from herzschlag.report.reading import SUMMARY_FILE, ReportError, read_run
from herzschlag.report.summary import Entry, entry, write_summary
from herzschlag.running import which_run
from herzschlag.running.run_file import LOG_FOLDER
from herzschlag.wrong_input import InputError


class Drawn(NamedTuple):
    """What became of the reports."""

    paths: list[Path]
    """Files written."""
    refused: list[str]
    """Errors of the user: not a run, a place that cannot be written."""
    failed: list[str]
    """Errors of ours, and what the machine ran out of."""


def report(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Run directories, folders of them, or names. Default: the last run, or all of the last command.",
            autocompletion=which_run.completions,
        ),
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="Where the page over several runs goes. Default: summary.html in their folder.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print the paths of what was drawn.")] = False,
    lang: LangOption = None,
) -> None:
    """Draw the report of finished runs, and a summary page over several.

    Example: herzschlag report runs/2026-05-01-101500/isolation

    Example: herzschlag report isolation
    """
    del lang  # its callback has chosen the language
    try:
        directories = which_run.of_all(runs or [None])
    except InputError as error:
        _fail(str(error))
    drawn = draw_all(directories, summary)
    for path in drawn.paths if not quiet else ():
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
            link_reports([one.directory.resolve() for one in entries], path.resolve())
        except OSError as error:
            blamed = drawn.refused if summary is not None else drawn.failed
            blamed.append(f"{path}: {error.strerror}: choose another place with --summary")
    return drawn


def _fail(text: str, status: int = WRONG_INPUT) -> NoReturn:
    typer.echo(f"herzschlag report: {told(text)}", err=True)
    raise typer.Exit(status)
