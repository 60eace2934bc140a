"""Generated parts of pages: what is between two marks is written anew, the rest is left as it is."""

from __future__ import annotations

from pathlib import Path

from herzschlag.history.records import write_whole


def put(page: Path, name: str, text: str) -> None:
    """Write the part of that name. Raises ValueError for a page without its marks."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, began, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not began or not ended:
        raise ValueError(f"{page}: the marks of {name} are missing: {begin.strip()} and {end}")
    write_whole(page, f"{before}{begin}{text}{end}{after}".encode())
