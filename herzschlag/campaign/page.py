"""The page of a campaign: the summary over its runs, and what only many runs show.

This module decides the sections that a summary of one command lacks: runs that do not repeat, outliers, where runs were
played, runs that are missing. It leaves everything else to `herzschlag/report/summary.py`. All that comes from a run is
escaped here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from statistics import median
from urllib.parse import quote

import msgspec

from herzschlag.campaign.folder import Played
from herzschlag.campaign.statistics import Outlier, Unsteady, outliers, unsteady
from herzschlag.history.records import write_whole
from herzschlag.languages import N_, gettext, ngettext, number
from herzschlag.report.reading import REPORT_FILE
from herzschlag.report.summary import Entry, draw
from herzschlag.report.tables import badge
from herzschlag.running.run_file import RUN_FILE

PAGE_FILE = "campaign.html"
ROWS_MAX = 200
"""Of each of these tables."""
NUM = " class=num"
NAMED_MAX = 12
"""Runs named in one row."""


def write_page(runs: Sequence[Played], of: int, path: Path) -> Path:
    """Write the page over the runs that are there, of `of` that the campaign has. Raises OSError."""
    folder = path.parent
    more = "".join(
        [
            _missing(of - len(runs)),
            _unsteady(unsteady(runs), folder),
            _outliers(outliers(runs), folder),
            _where(runs),
        ]
    )
    write_whole(path, draw([_entry(run) for run in runs], folder, of="campaign", more=more).encode())
    return path


def _entry(run: Played) -> Entry:
    return msgspec.structs.replace(run.entry, drawn=(run.entry.directory / REPORT_FILE).is_file())


def _missing(count: int) -> str:
    if not count:
        return ""
    said = ngettext(
        "{number} run of the campaign has not been played yet.",
        "{number} runs of the campaign have not been played yet.",
        count,
    )
    return _section("missing", gettext("Runs that are missing"), said, "")


def _unsteady(found: Sequence[Unsteady], folder: Path) -> str:
    note = gettext(
        "Runs of one scenario, profile, seed and backend with different verdicts; in virtual time, runs of one speed with"
        " different histories as well."
    )
    title = gettext("Runs that do not repeat")
    if not found:
        return _section("unsteady", title, f"{note} {gettext('There are none.')}", "")
    rows = "".join(
        f"<tr><th scope=row>{escape(one.runs[0].cell.case)}</th><td class=num>{one.runs[0].cell.seed}</td>"
        f"<td>{escape(one.what)}</td><td>{_links(one.runs, folder)}</td></tr>"
        for one in found[:ROWS_MAX]
    )
    header = _header((N_("Case"), ""), (N_("Seed"), NUM), (N_("What differs"), ""), (N_("Runs"), ""))
    return _section("unsteady", title, note, _table(title, header, rows, len(found)))


def _outliers(found: Sequence[Outlier], folder: Path) -> str:
    note = gettext(
        "Times beyond Tukey's fences of their case (1.5 times the distance of the quartiles) and further from its median"
        " than an instant may be off at that speed."
    )
    title = gettext("Outliers")
    if not found:
        return _section("outliers", title, f"{note} {gettext('There are none.')}", "")
    rows = "".join(
        f"<tr><td>{badge(one.run.entry.file.verdict)}</td><td>{_link(one.run, folder)}</td><td>{escape(gettext(one.figure))}</td>"
        f"<td class=num>{number(one.value_s, '.3f')} s</td><td class=num>{number(one.median_s, '.3f')} s</td></tr>"
        for one in found[:ROWS_MAX]
    )
    header = _header(
        *((N_("Verdict"), ""), (N_("Run"), ""), (N_("Time of"), "")),
        (N_("Measured"), NUM),
        (N_("Median of its case"), NUM),
    )
    table = _table(gettext("Outliers, the furthest first"), header, rows, len(found))
    return _section("outliers", title, note, table)


def _where(runs: Sequence[Played]) -> str:
    machines: dict[tuple[str, str], list[Played]] = {}
    for run in runs:
        machines.setdefault((run.delivery.machine, run.cell.backend), []).append(run)
    rows = "".join(
        f"<tr><th scope=row>{escape(machine)}</th><td>{escape(backend)}</td><td class=num>{len(mine)}</td>"
        f"<td class=num>{len({run.delivery.worker for run in mine})}</td>"
        f"<td class=num>{number(median(run.delivery.took_s for run in mine), '.1f')} s</td>"
        f"<td class=num>{number(sum(run.delivery.took_s for run in mine) / 3600, '.2f')} h</td></tr>"
        for (machine, backend), mine in sorted(machines.items())
    )
    header = _header(
        *((N_("Machine"), ""), (N_("Backend"), ""), (N_("Runs"), NUM), (N_("Workers"), NUM)),
        *((N_("Median of a run"), NUM), (N_("All runs"), NUM)),
    )
    note = gettext("Real time, as workers measured it.")
    table = _table(gettext("Machines"), header, rows, len(machines))
    return _section("where", gettext("Where runs were played"), note, table)


def _header(*columns: tuple[str, str]) -> str:
    """Names of columns in English, each with its class."""
    return "".join(f"<th scope=col{kind}>{gettext(name)}" for name, kind in columns)


def _section(place: str, title: str, note: str, table: str) -> str:
    return f'<section aria-labelledby="h-{place}"><h2 id="h-{place}">{title}</h2><p class="note">{note}</p>{table}</section>'


def _table(title: str, header: str, rows: str, count: int) -> str:
    thinned = gettext("; the first {shown} of {all}", shown=ROWS_MAX, all=count) if count > ROWS_MAX else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table><caption>{title}{thinned}</caption>'
        f"<thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _links(runs: Sequence[Played], folder: Path) -> str:
    more = gettext(" and {number} more", number=len(runs) - NAMED_MAX) if len(runs) > NAMED_MAX else ""
    return ", ".join(_link(run, folder) for run in runs[:NAMED_MAX]) + more


def _link(run: Played, folder: Path) -> str:
    directory = run.entry.directory
    name = REPORT_FILE if (directory / REPORT_FILE).is_file() else RUN_FILE
    link = quote(os.path.relpath(directory / name, folder))
    return f'<a href="{escape(link, quote=True)}">{escape(directory.name)}</a>'
