"""Reasons of records and findings in the reader's language, though the files of a run have them in English.

This module decides how an English reason is recognized: by the texts of `texts/agents.py` and
`texts/checkers.py`, in which a `{name}` is anything; what it is, is a reason again or stays. Several reasons are
joined by `; `, and what they are about is before `: `. What is not recognized stays English.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from herzschlag.languages.catalogue import gettext
from herzschlag.languages.choice import ENGLISH, Language
from herzschlag.languages.current import current
from herzschlag.languages.numbers import point
from herzschlag.languages.patterns import Pattern, patterns

REMEMBERED = 5000
_FIGURES = re.compile(r"(?:T[+-])?-?\d+(?:\.\d+)?(?:-\d+(?:\.\d+)?)?")


def reason(text: str) -> str:
    """`no heartbeat for 3 s` as `3 s lang kein Heartbeat`."""
    language = current()
    return text if language == ENGLISH or not text else _reason(language, text)


def known(text: str) -> bool:
    """Whether a text is a reason that can be translated, whole and not of parts."""
    return any(pattern.fullmatch(text) for _, _, pattern in _patterns())


@lru_cache(maxsize=REMEMBERED)
def _reason(language: Language, text: str) -> str:
    del language  # of the thread; only remembered under it
    for message, begin, pattern in _patterns():
        if text.startswith(begin) and (found := pattern.fullmatch(text)):
            return gettext(message).format(**{name: _value(value) for name, value in found.groupdict().items()})
    said = gettext(text)
    if said != text:
        return said
    for between in ("; ", ": "):
        head, cut, tail = text.partition(between)
        if cut:
            return f"{reason(head)}{between}{reason(tail)}"
    return _value(text, alone=True)


def _value(text: str, *, alone: bool = False) -> str:
    """What a `{name}` is."""
    if _FIGURES.fullmatch(text):
        return point(text)
    return text if alone else reason(text)


@cache
def _patterns() -> tuple[Pattern, ...]:
    from herzschlag.languages.texts.agents import AGENTS  # noqa: PLC0415 (English needs none of these)
    from herzschlag.languages.texts.checkers import CHECKERS  # noqa: PLC0415

    return patterns((*AGENTS, *CHECKERS))
