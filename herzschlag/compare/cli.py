"""The command `herzschlag compare`: two finished runs side by side, and their first difference."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from herzschlag.backends.names import Backend
from herzschlag.compare import BANDS_S, Comparison, Kind, Row, compare
from herzschlag.exit_status import WRONG_INPUT
from herzschlag.history.records import HistoryError, read_history
from herzschlag.languages import ENGLISH, N_, gettext, number, speaking
from herzschlag.languages.numbers import point
from herzschlag.languages.option import LangOption
from herzschlag.languages.refusals import told
from herzschlag.running import which_run
from herzschlag.running.run_file import HISTORY_FILE, RunReport, read_report
from herzschlag.wrong_input import InputError

PIPE_WIDTH = 200
"""Columns without a terminal, where nothing has to fit."""
NOUNS: dict[Kind, str] = {"role": N_("a role"), "host-state": N_("an opinion"), "vm": N_("a VM")}

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def compare_command(  # noqa: PLR0917 (Typer calls it by name)
    left: Annotated[
        str | None,
        typer.Argument(help="A run. Default: the last one.", autocompletion=which_run.completions),
    ] = None,
    right: Annotated[
        str | None,
        typer.Argument(
            help="Another. Default: the newest other run of the same scenario.", autocompletion=which_run.completions
        ),
    ] = None,
    differences: Annotated[bool, typer.Option("--differences", help="Show only what differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only whether they differ.")] = False,
    lang: LangOption = None,
) -> None:
    """Show two runs side by side, and the first difference.

    Exit status 0: the same states in the same order, instants within their bands, the same verdict; 1: they differ.

    Example: herzschlag compare isolation

    Example: herzschlag compare runs/a/isolation runs/b/isolation
    """
    del lang  # its callback has chosen the language
    try:
        folders = _two(left, right)
        reports = [read_report(folder) for folder in folders]
        histories = [read_history(folder / HISTORY_FILE) for folder in folders]
    except InputError as error:
        _refuse(str(error))
    except (OSError, ValueError, HistoryError) as error:
        _refuse(f"no finished run to compare: {error}")
    with speaking(ENGLISH) if as_json else nullcontext():
        found = compare(histories[0], histories[1])
        because = found.because
        if not because and reports[0].verdict != reports[1].verdict:
            left_one, right_one = (gettext(report.verdict) for report in reports)
            because = gettext("the verdicts differ: {left} and {right}", left=left_one, right=right_one)
    if as_json:
        sys.stdout.write(json.dumps(_document(reports, found, because), indent=2) + "\n")
    else:
        if not quiet:
            _show(reports, found, differences)
        _out.print(_sentence(reports, found, because), markup=False, soft_wrap=True)
    raise typer.Exit(1 if because else 0)


def _two(left: str | None, right: str | None) -> tuple[Path, Path]:
    """The older one first, where the command chooses."""
    first = which_run.find_run(left)
    if right is not None:
        return first, which_run.find_run(right)
    second = which_run.other_run(first)
    times_s = [(folder / HISTORY_FILE).stat().st_mtime for folder in (first, second)]
    return (first, second) if times_s[0] <= times_s[1] else (second, first)


def _refuse(text: str) -> NoReturn:
    _err.print(f"herzschlag: {told(text)}", markup=False, soft_wrap=True)
    raise typer.Exit(WRONG_INPUT)


def _show(reports: list[RunReport], found: Comparison, differences: bool) -> None:
    sides = gettext("left/right").split("/")
    width = max(map(len, sides))
    for side, report in zip(sides, reports, strict=True):
        ran = f"{side:<{width}}  {_ran(report)}: {gettext(report.verdict)}  {report.directory}"
        _out.print(ran, markup=False, soft_wrap=True)
    rows = [row for row in found.rows if not differences or row.verdict != "holds"]
    if not rows:
        return
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(gettext("what"), overflow="fold")
    for column in (*sides, gettext("apart")):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row), style=None if row.verdict == "holds" else "bold red")
    (_out if _out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)).print(table)


def _ran(report: RunReport) -> str:
    """In the simulation the speed changes nothing."""
    if report.backend == Backend.simulation:
        return gettext("{scenario} on {backend}", scenario=report.scenario, backend=report.backend)
    said = N_("{scenario} on {backend}, speed {speed}")
    return gettext(said, scenario=report.scenario, backend=report.backend, speed=number(report.speed))


def _sentence(reports: list[RunReport], found: Comparison, because: str) -> str:
    scenarios = list(dict.fromkeys(report.scenario for report in reports))
    unlike = ""
    if len(scenarios) > 1:
        said = N_("These are runs of different scenarios, {one} and {other}.")
        unlike = gettext(said, one=scenarios[0], other=scenarios[1]) + "\n"
    if because:
        return unlike + gettext("first difference: {what}", what=because)
    if not found.rows:
        return unlike + gettext("the same: after the cluster was ready no role, opinion or VM changed in either run")
    said = N_("{what} by {seconds} s")
    bands = [gettext(said, what=gettext(NOUNS[kind]), seconds=number(band_s)) for kind, band_s in BANDS_S.items()]
    said = N_(
        "the same: {number} changes in the same order in both runs, each at the same time within what two runs may "
        "differ ({bands})"
    )
    return unlike + gettext(said, number=len(found.rows), bands=", ".join(bands))


def _document(reports: list[RunReport], found: Comparison, because: str) -> dict[str, Any]:
    sides = [
        {
            "directory": report.directory,
            "scenario": report.scenario,
            "backend": report.backend,
            "speed": report.speed,
            "verdict": report.verdict,
        }
        for report in reports
    ]
    return {
        "same": not because,
        "because": because,
        "left": sides[0],
        "right": sides[1],
        "bands_s": BANDS_S,
        "changes": [_entry(row) for row in found.rows],
    }


def _entry(row: Row) -> dict[str, Any]:
    change = row.left or row.right
    assert change is not None
    return {
        "kind": change.kind,
        "node": change.node,
        "about": change.about,
        "left": None if row.left is None else {"to": row.left.to, "at_s": row.left.at_s},
        "right": None if row.right is None else {"to": row.right.to, "at_s": row.right.at_s},
        "apart_s": row.apart_s,
        "verdict": row.verdict,
    }


def _cells(row: Row) -> tuple[str, str, str, str]:
    change = row.left or row.right
    assert change is not None
    what = change.show()
    if row.left and row.right and row.left.to != row.right.to:
        what = f"{row.left.show()} / {row.right.show()}"
    sides = [point(c.told) if c else "-" for c in (row.left, row.right)]
    return what, sides[0], sides[1], "" if row.apart_s is None else f"{number(row.apart_s, '+.2f')} s"
