"""Which language a user wants: by the locale's variables in a terminal, by a browser's Accept-Language header.

Pure: the environment and the header are handed in. What is not understood means English.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

Language = Literal["en", "de"]
ENGLISH: Final = "en"
LANGUAGES: tuple[Language, ...] = ("en", "de")
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first of them that is set decides, as POSIX has it for messages."""


def by_locale(environment: Mapping[str, str]) -> Language:
    """`de` for `de_AT.UTF-8`; English for `C`, for nothing, and for a language without a catalogue."""
    value = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return _known(value.partition(".")[0].partition("@")[0].partition("_")[0]) or ENGLISH


def by_header(accepted: str) -> Language:
    """The best of an Accept-Language header (RFC 9110, 12.5.4) that has a catalogue: `fr, de-CH;q=0.8` gives `de`."""
    ranked = sorted(_ranges(accepted), key=lambda one: -one[1])
    return next((known for tag, weight in ranked if weight > 0 and (known := _known(tag))), ENGLISH)


def _ranges(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            yield tag.partition("-")[0], float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue


def _known(tag: str) -> Language | None:
    return next((language for language in LANGUAGES if language == tag.strip().lower()), None)
