"""The command `open`: shows a run's report, or the summary of several, in the browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from herzschlag.cli.ending import fail
from herzschlag.exit_status import FAILED, WRONG_INPUT
from herzschlag.languages.option import LangOption
from herzschlag.report.cli import draw_all
from herzschlag.report.reading import REPORT_FILE, SUMMARY_FILE
from herzschlag.running import which_run
from herzschlag.wrong_input import InputError


def open_command(
    run: Annotated[
        str | None,
        typer.Argument(help="A run, or a folder of runs. Default: the last.", autocompletion=which_run.completions),
    ] = None,
    print_only: Annotated[bool, typer.Option("--print", "-p", help="Print the link, open nothing.")] = False,
    lang: LangOption = None,
) -> None:
    """Open the report of a run, or the summary of several, in the browser. Without a browser: print the link.

    Example: herzschlag open

    Example: herzschlag open isolation
    """
    del lang  # its callback has chosen the language
    try:
        page = _page(which_run.find(run))
    except InputError as error:
        fail(str(error), WRONG_INPUT)
    link = page.resolve().as_uri()
    typer.echo(link)
    if not print_only and has_browser():
        import webbrowser  # noqa: PLC0415 (looks for browsers)

        webbrowser.open(link)


def _page(found: which_run.Found) -> Path:
    """Drawn, if it was not yet."""
    several = len(found.runs) > 1
    page = found.path / SUMMARY_FILE if several else found.runs[0] / REPORT_FILE
    if not page.is_file():
        drawn = draw_all(found.runs, page if several else None)
        if not page.is_file():
            trouble = [*drawn.failed, *drawn.refused]
            fail("\n".join(trouble) or f"{page}: cannot be drawn", FAILED if drawn.failed else WRONG_INPUT)
    return page


def has_browser() -> bool:
    """One that opens a window: a text browser would take the terminal."""
    if os.environ.get("BROWSER"):
        return True
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
