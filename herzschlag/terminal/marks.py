"""The marks of verdicts on a terminal: sign, word and colour together, because none of them alone carries a verdict."""

from __future__ import annotations

from herzschlag.checkers.verdict import SIGNS, Mark

STYLES: dict[Mark, str] = {"holds": "green", "violated": "bold red", "unknown": "yellow", "nothing": "bright_black"}
DIM = "bright_black"


def sign(mark: Mark) -> tuple[str, str]:
    """The sign and its style."""
    return SIGNS[mark], STYLES[mark]
