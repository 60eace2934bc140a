"""Reasons of records and findings in the reader's language, though the files of a run have them in English.

This module decides how an English reason is recognized: by the texts of `texts/agents.py`, `checkers.py` and
`sentences.py` there, in which a `{name}` is anything; what it is, is a reason again or stays. Several reasons are
joined by `; `, and what they are about is before a dash or `: `. What is not recognized stays English.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from herzschlag.languages.catalogue import gettext
from herzschlag.languages.choice import ENGLISH, Language
from herzschlag.languages.current import current
from herzschlag.languages.numbers import point
from herzschlag.languages.patterns import ANYTHING, Pattern, patterns

REMEMBERED = 5000
_FIGURES = re.compile(r"(?:T[+-])?-?\d+(?:\.\d+)?(?:-\d+(?:\.\d+)?)?%?")
_SEVERAL = re.compile(r"[\w.@-]+(?: (?:and|or) [\w.@-]+)+")
"""Names, as of hosts."""
_WAYS = re.compile(r"\d+ [a-z ]+(?:, \d+ [a-z ]+)*")
_BETWEEN = ("; ", " — ", ": ")
_OPEN = ("why", "what", "detail", "error", "fault", "ways")
_WORD = ("count", "late", "host", "other", "vm", "datastore")


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
    if (said := _part(text)) is not None:
        return said
    for cut in re.finditer("; ", text):  # a reason may have one in it
        if (said := _part(text[: cut.start()])) is not None:
            return f"{said}; {reason(text[cut.end() :])}"
    for between in _BETWEEN:
        head, cut_at, tail = text.partition(between)
        if cut_at:
            return f"{reason(head)}{between}{reason(tail)}"
    return _value(text, alone=True)


def _part(text: str) -> str | None:
    """A single reason, or what it is about and it; None if it is not known whole."""
    if (said := _whole(text)) is not None:
        return said
    head, _, tail = text.partition(": ")
    said = _whole(tail) if tail else None
    return None if said is None else f"{reason(head)}: {said}"


def _whole(text: str) -> str | None:
    for message, begin, pattern in _patterns():
        if text.startswith(begin) and (found := pattern.fullmatch(text)):
            return gettext(message).format(**{name: _value(value) for name, value in found.groupdict().items()})
    said = gettext(text)
    return None if said == text else said


def _value(text: str, *, alone: bool = False) -> str:
    """What a `{name}` is."""
    if _FIGURES.fullmatch(text):
        return point(text)
    if _SEVERAL.fullmatch(text):
        return text.replace(" and ", f" {gettext('and')} ").replace(" or ", f" {gettext('or')} ")
    if _WAYS.fullmatch(text):
        return ", ".join(
            f"{count} {gettext(way)}" for count, _, way in (one.partition(" ") for one in text.split(", "))
        )
    return text if alone else reason(text)


@cache
def _patterns() -> tuple[Pattern, ...]:
    from herzschlag.languages.texts.agents import AGENTS  # noqa: PLC0415 (English needs none of these)
    from herzschlag.languages.texts.checkers import CHECKERS  # noqa: PLC0415
    from herzschlag.languages.texts.sentences import SENTENCES  # noqa: PLC0415

    return patterns((*AGENTS, *CHECKERS, *SENTENCES), _what)


def _what(name: str) -> str:
    """What a `{name}` may be: a reason with all its parts, a figure, or a text that is in one piece."""
    if name in _OPEN:
        return ANYTHING
    return r"\S+" if name in _WORD else "(?:(?!; |: ).)+?"
