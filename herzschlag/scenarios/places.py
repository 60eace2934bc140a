"""Places in a scenario's text: the line on which an expectation is written.

This module decides how the line is found. The standard library's TOML reader keeps no positions, and neither do the
libraries that keep comments, so the n-th table header of its kind is looked for, which must be followed by the
expectation's own name; otherwise the line that has the name. It leaves reading a scenario to `from_toml.py`.
"""

from __future__ import annotations

import re

_KEY = re.compile(r"expect\.(\w+)\[(\d+)\]")
_TABLE = re.compile(r"\s*\[\[?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_QUOTES = ('"""', "'" * 3)


def line_of(text: str, key: str, name: str) -> int | None:
    """The line, from 1, of the expectation with this key (`expect.never[2]`) and name; None when it is not found."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    wanted, index = f"expect.{found[1]}", int(found[2])
    lines = _outside_texts(text)
    headers = [number for number, line in enumerate(lines) if (table := _TABLE.match(line)) and table["name"] == wanted]
    named = [number for number, line in enumerate(lines) if _names(line, name)]
    if index < len(headers) and _own(lines, headers[index]) & set(named):
        return headers[index] + 1
    return named[0] + 1 if named else None


def _own(lines: list[str], header: int) -> set[int]:
    """Numbers of the lines of this table."""
    after = (number for number in range(header + 1, len(lines)) if _TABLE.match(lines[number]))
    return set(range(header, next(after, len(lines))))


def _names(line: str, name: str) -> bool:
    return re.search(rf"""\bname"?\s*=\s*(["']){re.escape(name)}\1""", line) is not None


def _outside_texts(text: str) -> list[str]:
    """The lines; those inside a text of several lines are empty, because they are not TOML."""
    found, closing = [], ""
    for line in text.split("\n"):
        inside = closing
        rest = line
        while True:
            if closing:
                _, end, rest = rest.partition(closing)
                if not end:
                    break
                closing = ""
            else:
                opened = [(rest.find(quotes), quotes) for quotes in _QUOTES if quotes in rest]
                if not opened:
                    break
                at, closing = min(opened)
                rest = rest[at + len(closing) :]
        found.append("" if inside else line)
    return found
