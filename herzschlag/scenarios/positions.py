"""Positions in a scenario file: the line of a key, for messages that an editor or a terminal can follow.

This module decides where in the text a key is, which Python's TOML reader does not say. It reads only text that this
reader accepts, so it looks for keys and never judges. Keys are written as in every message here:
`expect.instant[0].published_s`, `cluster.options.das.isolationaddress0`.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping

from herzschlag.wrong_input import join

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'|[A-Za-z0-9_-]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")' r"|'''.*?'''(?!')" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_LAST_PART = re.compile(r"(?:\[[0-9]+\]|\.?[^.\[\]]*)$")


def line_of(text: str, path: str) -> int:
    """The line, from 1, on which the key is written; of a key that is not in the text, of the nearest table around it,
    at last 1. `text` is TOML that can be read."""
    return line_in(lines_of(text), path)


def line_in(lines: Mapping[str, int], path: str) -> int:
    """The same, of a text whose lines are known."""
    while path and path not in lines:
        path = _LAST_PART.sub("", path, count=1) if not path.endswith(".") else path[:-1]
    return lines.get(path, 1)


def lines_of(text: str) -> dict[str, int]:
    """Every key and table of the text with its line. Tables that a header implies have the line of this header."""
    return _Scan(text).keys()


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._found: dict[str, int] = {}
        self._last: dict[str, int] = {}
        """List of tables, by its key, to the position of its last table."""

    def keys(self) -> dict[str, int]:
        table = ""
        while self._blank():
            table = self._header() if self._text[self._at] == "[" else self._pair(table)
        return self._found

    def _header(self) -> str:
        """`[a.b]` or `[[a.b]]`: the key of the table that begins here."""
        start = self._at
        in_list = self._text.startswith("[[", start)
        self._at += 2 if in_list else 1
        self._blank()
        parts = self._key()
        table = ""
        for number, part in enumerate(parts):
            table = join(table, part)
            self._note(table, start)
            if in_list and number == len(parts) - 1:
                self._last[table] = self._last.get(table, -1) + 1
            if table in self._last:
                table = join(table, self._last[table])
                self._note(table, start)
        self._blank()
        self._at += 2 if in_list else 1
        return table

    def _pair(self, table: str) -> str:
        """`a.b = value` in a table; returns the table, which goes on."""
        start = self._at
        key = table
        for part in self._key():
            key = join(key, part)
            self._note(key, start)
        self._blank()
        self._at += 1  # the equals sign
        self._blank()
        self._value(key)
        return table

    def _value(self, key: str) -> None:
        opening = self._text[self._at]
        if opening in "[{":
            self._at += 1
            index = 0
            while self._blank() and self._text[self._at] not in "]}":
                if self._text[self._at] == ",":
                    self._at += 1
                elif opening == "{":
                    self._pair(key)
                else:
                    self._note(join(key, index), self._at)
                    self._value(join(key, index))
                    index += 1
            self._at += 1
            return
        found = _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at)
        self._at = found.end() if found else len(self._text)

    def _key(self) -> list[str]:
        parts = []
        while (found := _KEY.match(self._text, self._at)) is not None:
            word = found.group()
            parts.append(next(iter(tomllib.loads(f"{word} = 0"))) if word[0] in "\"'" else word)
            self._at = found.end()
            if (dot := _DOT.match(self._text, self._at)) is None:
                break
            self._at = dot.end()
        return parts

    def _blank(self) -> bool:
        """Skip blanks and comments; False at the end of the text."""
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._text)

    def _note(self, key: str, at: int) -> None:
        self._found.setdefault(key, bisect_right(self._ends, at - 1) + 1)
