"""Links to files: to be clicked where a terminal can (OSC 8), written out as `file://` in a pipe.

This module decides what a reader sees of a path. On a terminal that is the path as short as it can be typed, with the
whole address behind it.
"""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text


def link(console: Console, path: Path) -> Text:
    address = path.absolute().as_uri()
    if not console.is_terminal:
        return Text(address)
    return Text(shortest(path), style=Style(underline=True, link=address))


def shortest(path: Path) -> str:
    """The path from the working directory where it lies below it, else the whole."""
    whole = str(path.absolute())
    below = os.path.relpath(whole)
    return whole if below.startswith(os.pardir) else below
