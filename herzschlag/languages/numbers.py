"""Figures between words: a decimal point in English, a decimal comma in German."""

from __future__ import annotations

from herzschlag.languages.current import current


def number(value: float, form: str = "g") -> str:
    """`12.3`, in German `12,3`; `form` as in a format string: `number(12.345, ".1f")`, `number(0.5, "+.2f")`."""
    return point(format(value, form))


def point(figures: str) -> str:
    """Figures that are written already, with the decimal sign of the language: for texts such as `T+12.30`."""
    return figures.replace(".", ",") if current() == "de" else figures
