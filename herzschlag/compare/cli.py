"""The command `herzschlag compare`: two finished runs side by side, and their first difference."""

from __future__ import annotations

import json
import sys
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
from herzschlag.running import which_run
from herzschlag.running.run_file import HISTORY_FILE, RunReport, read_report
from herzschlag.wrong_input import InputError

PIPE_WIDTH = 200
"""Columns without a terminal, where nothing has to fit."""
NOUNS: dict[Kind, str] = {"role": "a role", "host-state": "an opinion", "vm": "a VM"}

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def compare_command(
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
) -> None:
    """Show two runs side by side, and the first difference.

    Exit status 0: the same states in the same order, instants within their bands, the same verdict; 1: they differ.

    Example: herzschlag compare isolation

    Example: herzschlag compare runs/a/isolation runs/b/isolation
    """
    try:
        folders = _two(left, right)
        reports = [read_report(folder) for folder in folders]
        histories = [read_history(folder / HISTORY_FILE) for folder in folders]
    except InputError as error:
        _refuse(str(error))
    except (OSError, ValueError, HistoryError) as error:
        _refuse(f"no finished run to compare: {error}")
    found = compare(histories[0], histories[1])
    because = found.because
    if not because and reports[0].verdict != reports[1].verdict:
        because = f"the verdicts differ: {reports[0].verdict} and {reports[1].verdict}"
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
    _err.print(f"herzschlag: {text}", markup=False, soft_wrap=True)
    raise typer.Exit(WRONG_INPUT)


def _show(reports: list[RunReport], found: Comparison, differences: bool) -> None:
    for side, report in zip(("left ", "right"), reports, strict=True):
        _out.print(f"{side}  {_ran(report)}: {report.verdict}  {report.directory}", markup=False, soft_wrap=True)
    rows = [row for row in found.rows if not differences or row.verdict != "holds"]
    if not rows:
        return
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("what", overflow="fold")
    for column in ("left", "right", "apart"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row), style=None if row.verdict == "holds" else "bold red")
    (_out if _out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)).print(table)


def _ran(report: RunReport) -> str:
    """In the simulation the speed changes nothing."""
    speed = "" if report.backend == Backend.simulation else f", speed {report.speed:g}"
    return f"{report.scenario} on {report.backend}{speed}"


def _sentence(reports: list[RunReport], found: Comparison, because: str) -> str:
    scenarios = list(dict.fromkeys(report.scenario for report in reports))
    unlike = f"These are runs of different scenarios, {' and '.join(scenarios)}.\n" if len(scenarios) > 1 else ""
    if because:
        return f"{unlike}first difference: {because}"
    if not found.rows:
        return f"{unlike}the same: after the cluster was ready no role, opinion or VM changed in either run"
    bands = ", ".join(f"{NOUNS[kind]} by {band_s:g} s" for kind, band_s in BANDS_S.items())
    return (
        f"{unlike}the same: {len(found.rows)} changes in the same order in both runs, each at the same time within what"
        f" two runs may differ ({bands})"
    )


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
    sides = [c.told if c else "-" for c in (row.left, row.right)]
    return what, sides[0], sides[1], "" if row.apart_s is None else f"{row.apart_s:+.2f} s"
