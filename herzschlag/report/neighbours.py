"""The way between reports: each leads to the summary of its runs, to the report before it and the one after it.

This module decides where in a report the links are and when they are put in: after the summary was written, into
finished reports, because a run does not know what runs beside it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from herzschlag.history.records import write_whole
from herzschlag.languages import gettext, ngettext
from herzschlag.report.reading import REPORT_FILE

PLACE = "<!--neighbours--><!--/neighbours-->"
_PLACE = re.compile(rb"<!--neighbours-->.*?<!--/neighbours-->", re.DOTALL)


def link_reports(directories: Sequence[Path], summary: Path) -> None:
    """Put the links into the reports of these runs, in this order. A report that is not there is passed over."""
    there = [directory for directory in directories if (directory / REPORT_FILE).is_file()]
    for index, directory in enumerate(there):
        path = directory / REPORT_FILE
        before, after = there[index - 1] if index else None, there[index + 1] if index + 1 < len(there) else None
        links = [
            _link(directory, summary, ngettext("{number} run", "{number} runs", len(there))),
            "" if before is None else _link(directory, before / REPORT_FILE, f"◀ {before.name}"),
            "" if after is None else _link(directory, after / REPORT_FILE, f"{after.name} ▶"),
        ]
        nav = f'<nav class="around" aria-label="{gettext("Other runs")}">{"".join(links)}</nav>'
        page = path.read_bytes()
        found = _PLACE.search(page)
        if found is None:  # drawn by another version
            continue
        put = b"<!--neighbours-->" + nav.encode() + b"<!--/neighbours-->"
        write_whole(path, page[: found.start()] + put + page[found.end() :])


def _link(here: Path, there: Path, words: str) -> str:
    href = quote(os.path.relpath(there, here))
    return f'<a href="{escape(href, quote=True)}">{escape(words)}</a>'
