"""Colours, dashes and ticks that all curves share. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

TICKS_MAX = 10
LIGHT = ("#0b62c4", "#b45309", "#0f7b4f", "#8b3fb5", "#c22f3d", "#4a5560")
DARK = ("#6cb2ff", "#f0a04b", "#4cc790", "#cf97f0", "#ff7b86", "#b4bec9")
DASHES = ("", "9 5", "2 5", "14 4 2 4", "5 3", "1 3")
"""A curve is told from the others by its dashes as well as by its colour."""
CURVES_MAX = len(LIGHT)


def ticks_of(first: float, last: float) -> list[float]:
    """Round numbers from at most the first to at least the last value."""
    rough = (last - first) / (TICKS_MAX - 1) if last > first else 1.0
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * scale for nice in (1, 2, 5, 10) if nice * scale >= rough * (1 - 1e-9))
    low, high = math.floor(first / step + 1e-9), math.ceil(last / step - 1e-9)
    return [round(k * step, 10) for k in range(low, max(high, low + 1) + 1)]


def style() -> str:
    """Classes of an SVG: `page`, `grid`, `ink`, and of the curve with that number `c0` (its line), `f0` (filled)."""

    def rules(page: str, ink: str, grid: str, colours: Sequence[str]) -> str:
        drawn = "".join(f".c{at}{{stroke:{colour}}}.f{at}{{fill:{colour}}}" for at, colour in enumerate(colours))
        return f".page{{fill:{page}}}text{{fill:{ink}}}.grid{{stroke:{grid}}}.ink{{stroke:{ink};fill:{page}}}{drawn}"

    light, dark = rules("#fff", "#1f2328", "#d5dae0", LIGHT), rules("#0d1117", "#e6edf3", "#3a424d", DARK)
    return f"<style>{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"


def dashed(at: int) -> str:
    """The attribute of a line of the curve with that number; nothing for the first."""
    return f' stroke-dasharray="{DASHES[at]}"' if DASHES[at] else ""
