"""The command `herzschlag compare RUN RUN`: two finished runs side by side, and their first difference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from herzschlag.compare import BANDS_S, Row, compare
from herzschlag.history.records import HistoryError, read_history
from herzschlag.running.run_file import HISTORY_FILE, read_report

_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def compare_command(
    left: Annotated[Path, typer.Argument(help="A run directory.")],
    right: Annotated[Path, typer.Argument(help="Another run directory.")],
    differences: Annotated[bool, typer.Option("--differences", help="Show only what differs.")] = False,
) -> None:
    """Show two runs side by side, and the first difference.

    Exit status 0: the same states in the same order, instants within their bands, the same verdict; 1: they differ.

    Example: herzschlag compare runs/a/isolation runs/b/isolation
    """
    try:
        reports = [read_report(folder) for folder in (left, right)]
        histories = [read_history(folder / HISTORY_FILE) for folder in (left, right)]
    except (OSError, ValueError, HistoryError) as error:
        _err.print(f"herzschlag: no finished run to compare: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    found = compare(histories[0], histories[1])
    names = [f"{r.backend}, speed {r.speed:g}: {r.verdict}" for r in reports]
    table = Table("what", names[0], names[1], "apart", title=" / ".join(dict.fromkeys(r.scenario for r in reports)))
    for row in found.rows:
        if not differences or row.verdict != "holds":
            table.add_row(*_cells(row), style=None if row.verdict == "holds" else "bold red")
    _out.print(table)
    bands = ", ".join(f"{kind} {band_s:g} s" for kind, band_s in BANDS_S.items())
    because = found.because
    if not because and reports[0].verdict != reports[1].verdict:
        because = f"the verdicts differ: {reports[0].verdict} and {reports[1].verdict}"
    _out.print(f"first difference: {because}" if because else f"the same, within {bands}", markup=False, soft_wrap=True)
    raise typer.Exit(1 if because else 0)


def _cells(row: Row) -> tuple[str, str, str, str]:
    change = row.left or row.right
    assert change is not None
    what = change.show()
    if row.left and row.right and row.left.to != row.right.to:
        what = f"{row.left.show()} / {row.right.show()}"
    sides = [f"{c.at_s:.2f} s" if c else "-" for c in (row.left, row.right)]
    return what, sides[0], sides[1], "" if row.apart_s is None else f"{row.apart_s:+.2f} s"
