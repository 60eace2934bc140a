"""Refusals in the reader's language: what is wrong with an input, and why a command ends early.

They are English where they are raised, because most of those places know no language, and `--json` and logs keep
them. A command translates what it writes: `told`. This module decides how an English refusal is recognized: by
`texts/input.py`, `commands.py` and `remote.py` there, a line at a time, the whole line or what is left of it after
a `: `, after file, line and key. `{why}`, `{way}` and `{error}` in it are refusals again; everything else is as the
user wrote it. What is not recognized stays English. `of_machine` and `of_packets` do the same for two commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from herzschlag.languages.catalogue import gettext
from herzschlag.languages.choice import ENGLISH, Language
from herzschlag.languages.current import current
from herzschlag.languages.patterns import Pattern, patterns

REMEMBERED = 1000
BETWEEN = ": "
_AGAIN = ("why", "way", "error", "shown")


def told(text: str) -> str:
    """`speed: is 'a': a number is wanted` as `speed: ist 'a': verlangt ist eine Zahl`."""
    language = current()
    if language == ENGLISH:
        return text
    return "\n".join(_line(language, line) for line in text.split("\n"))


def known(text: str) -> bool:
    """Whether a line would be translated, whole or at its end, and what is a refusal again in it as well."""
    found = _match(text, _begins(text), _refusals())
    if found is None:
        return False
    return all(known(value) for name, value in found[2].items() if name in ("why", "way") and " " in value)


def of_machine(text: str) -> str:
    """What the doctor says, by `texts/machines.py`, whole."""
    from herzschlag.languages.texts.machines import MACHINES  # noqa: PLC0415 (English needs none of these)

    return _whole(text, MACHINES)


def of_packets(text: str) -> str:
    """What packets show or do not, by `texts/packets.py`, whole."""
    from herzschlag.languages.texts.packets import PACKETS  # noqa: PLC0415

    return _whole(text, PACKETS)


def _whole(text: str, texts: tuple[str, ...]) -> str:
    found = None if current() == ENGLISH else _match(text, [0], patterns(texts))
    if found is None:
        return text
    return _said(*found[1:], lambda inner: _whole(inner, texts))


@lru_cache(maxsize=REMEMBERED)
def _line(language: Language, line: str) -> str:
    del language  # of the thread; only remembered under it
    found = _match(line, _begins(line), _refusals())
    return line if found is None else line[: found[0]] + _said(*found[1:], told)


def _said(message: str, values: dict[str, str], again: Callable[[str], str]) -> str:
    said = {name: again(value) if name in _AGAIN else value for name, value in values.items()}
    return gettext(message).format(**said)


def _begins(line: str) -> list[int]:
    """Where a refusal may begin in a line."""
    return [0, *(found.end() for found in re.finditer(BETWEEN, line))]


def _match(text: str, begins: Sequence[int], known_ones: Sequence[Pattern]) -> tuple[int, str, dict[str, str]] | None:
    for begin in begins:
        for message, start, pattern in known_ones:
            if text.startswith(start, begin) and (found := pattern.fullmatch(text, begin)):
                return begin, message, found.groupdict()
    return None


def _refusals() -> tuple[Pattern, ...]:
    from herzschlag.languages.texts.commands import COMMANDS  # noqa: PLC0415 (English needs none of these)
    from herzschlag.languages.texts.input import INPUT  # noqa: PLC0415
    from herzschlag.languages.texts.remote import REMOTE  # noqa: PLC0415

    return patterns((*INPUT, *COMMANDS, *REMOTE))
