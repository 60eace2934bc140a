"""Lines of output: how they are indented, wrapped on a terminal, and left alone in a pipe.

This module decides that nothing is ever cut. On a terminal a line that is too long goes on below its own text;
commands, paths and links are left to the terminal, so that they can be copied. A pipe gets each line whole, without
blanks at its end.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from rich.console import Console
from rich.text import Text

WIDTH_MIN = 40
"""Narrower terminals wrap by themselves."""


class Line(msgspec.Struct, frozen=True):
    text: Text
    hang: int = 0
    """Where the text of a line that is too long goes on; 0: it is not wrapped by us."""


def line(*parts: str | tuple[str, str], hang: int = 0) -> Line:
    """A line of parts, each plain or with its style."""
    return Line(Text.assemble(*parts), hang)


def write(console: Console, lines: Iterable[Line]) -> None:
    for one in lines:
        for text in _wrapped(console, one):
            text.rstrip()
            console.print(text, soft_wrap=True, highlight=False)


def _wrapped(console: Console, one: Line) -> list[Text]:
    width = console.width
    if not console.is_terminal or not one.hang or one.text.cell_len <= width or width < WIDTH_MIN:
        return [one.text.copy()]
    # The first row is as wide as the terminal, the others begin at `hang`: the text is wrapped behind its own margin.
    margin, rest = one.text[: one.hang], one.text[one.hang :]
    rows = list(rest.wrap(console, width - one.hang, no_wrap=False))
    blank = Text(" " * one.hang)
    return [Text.assemble(margin if number == 0 else blank, row) for number, row in enumerate(rows)]
