"""English texts recognized where they were filled in already, as in files of a run or in an exception.

This module decides how a text with `{names}` matches, and which of several is tried first. What a `{name}` is, and what
becomes of what is not recognized, is decided by its callers: `reasons.py` and `refusals.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from string import Formatter
from typing import NamedTuple


class Pattern(NamedTuple):
    text: str
    start: str
    """What it begins with, up to the first name: a quick look."""
    match: re.Pattern[str]


ANYTHING = ".+?"


def anything(name: str) -> str:
    """What a `{name}` matches where nothing better is known of it."""
    del name
    return ANYTHING


@cache
def patterns(texts: tuple[str, ...], what: Callable[[str], str] = anything) -> tuple[Pattern, ...]:
    """Of each text once; those that say most first. `what`: the expression that a `{name}` matches."""
    ordered = sorted(dict.fromkeys(texts), key=lambda text: -sum(map(len, re.split(r"\{\w+\}", text))))
    return tuple(Pattern(text, text.partition("{")[0], re.compile(_match(text, what), re.DOTALL)) for text in ordered)


def _match(text: str, what: Callable[[str], str]) -> str:
    parts = Formatter().parse(text)
    return "".join(re.escape(plain) + (f"(?P<{name}>{what(name)})" if name else "") for plain, name, _, _ in parts)
