"""Titles of scenarios: that of a variant is its family's, a colon, and its own."""

from __future__ import annotations

from herzschlag.languages.catalogue import gettext

BETWEEN = ": "


def title(text: str) -> str:
    """A scenario's title in the language that is spoken; that of a user's own scenario as it is."""
    said = gettext(text)
    if said != text:
        return said
    at = text.find(BETWEEN)
    while at >= 0:
        family, variant = text[:at], text[at + len(BETWEEN) :]
        if gettext(family) != family:
            return f"{gettext(family)}{BETWEEN}{gettext(variant)}"
        at = text.find(BETWEEN, at + 1)
    return text
