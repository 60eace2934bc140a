"""Curves as SVG: shares of runs over a value, each with its confidence band, and points of other runs on them. Pure.

The same text for the same values, readable at 720 px, on a light and on a dark page; why it is drawn here and not by a
library is in docs/decisions/0027-curves-drawn-by-hand.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from bench.lines.share import Share
from herzschlag.curves.strokes import CURVES_MAX, dashed, style, ticks_of

WIDTH, PLOT_HEIGHT = 720, 270
LEFT, RIGHT, TOP, BOTTOM = 84, 20, 14, 58
LEGEND_ROW, LEGEND_ENTRY = 24, 34
"""Pixels, and the characters that have room in half a row."""
UPWARDS = "share of runs"
"""Title of the y axis."""


class Curve(NamedTuple):
    title: str
    values: Sequence[float]
    shares: Sequence[Share]
    points: Sequence[tuple[float, Share]] = ()
    """(value, share) of real packets."""


def chart(curves: Sequence[Curve], axis: str, about: str) -> str:
    """The picture. `about` is read by screen readers. Raises ValueError for more curves than there are colours."""
    if len(curves) > CURVES_MAX:
        raise ValueError(f"{len(curves)} curves: at most {CURVES_MAX} can be told apart; make two pictures")
    entries = legend(curves)
    columns = 2 if all(len(text) <= LEGEND_ENTRY for text, _ in entries) else 1
    top = TOP + LEGEND_ROW * math.ceil(len(entries) / columns) + 8
    height = top + PLOT_HEIGHT + BOTTOM
    ticks = ticks_of(min(min(c.values) for c in curves), max(max(c.values) for c in curves))
    frame = _Frame(ticks[0], ticks[-1], top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="15">',
        f"<title>{escape(about)}</title>",
        style(),
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *(_entry(text, mark, at, columns) for at, (text, mark) in enumerate(entries)),
        *_grid(frame, ticks),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{height - 14}" text-anchor="middle">{escape(axis)}</text>',
        f'<text transform="translate(24 {frame.y(0.5):g}) rotate(-90)" x="0" y="0" text-anchor="middle">'
        f"{UPWARDS}</text>",
        *(_band(curve, frame, at) for at, curve in enumerate(curves)),
        *(_line(curve, frame, at) for at, curve in enumerate(curves)),
        *(_point(value, share, frame, at) for at, curve in enumerate(curves) for value, share in curve.points),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Frame(NamedTuple):
    first: float
    last: float
    top: int

    def x(self, value: float) -> float:
        return round(LEFT + (value - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, share: float) -> float:
        return round(self.top + (1 - share) * PLOT_HEIGHT, 1)


def legend(curves: Sequence[Curve]) -> list[tuple[str, str]]:
    """(text, mark) of each entry; the mark is the number of a curve, or `point`."""
    found = [(f"{c.title} ({runs_of([s.runs for s in c.shares])})", str(at)) for at, c in enumerate(curves)]
    pointed = [share.runs for curve in curves for _, share in curve.points]
    return found + ([(f"real packets ({runs_of(pointed)})", "point")] if pointed else [])


def runs_of(counts: Sequence[int]) -> str:
    """How many runs: values times runs of each, or all of them where values have different numbers."""
    alike = len(set(counts)) == 1
    return f"{len(counts)} x {counts[0]} runs" if alike else f"{sum(counts)} runs"


def _entry(text: str, mark: str, at: int, columns: int) -> str:
    x = LEFT + (at % columns) * (WIDTH - LEFT - RIGHT) / columns
    y = TOP + LEGEND_ROW * (at // columns) + 9
    if mark == "point":
        drawn = _diamond(x + 14, y, "ink")
    else:
        drawn = f'<path class="c{mark}" d="M{x:g} {y}h30" fill="none" stroke-width="2.5"{dashed(int(mark))}/>'
    return f'{drawn}<text x="{x + 38:g}" y="{y + 5}" font-size="14">{escape(text)}</text>'


def _grid(frame: _Frame, ticks: Sequence[float]) -> list[str]:
    bottom, right = frame.y(0), WIDTH - RIGHT
    found = []
    for percent in range(0, 101, 20):
        y = frame.y(percent / 100)
        found.append(f'<path class="grid" d="M{LEFT} {y:g}H{right}"/>')
        found.append(f'<text x="{LEFT - 8}" y="{y + 5:g}" text-anchor="end">{percent} %</text>')
    for tick in ticks:
        x = frame.x(tick)
        found.append(f'<path class="grid" d="M{x:g} {frame.top}V{bottom:g}"/>')
        found.append(f'<text x="{x:g}" y="{bottom + 20:g}" text-anchor="middle">{tick:g}</text>')
    return found


def _band(curve: Curve, frame: _Frame, at: int) -> str:
    over = [f"{frame.x(v):g} {frame.y(s.band[1]):g}" for v, s in zip(curve.values, curve.shares, strict=True)]
    under = [f"{frame.x(v):g} {frame.y(s.band[0]):g}" for v, s in zip(curve.values, curve.shares, strict=True)]
    return f'<path class="f{at}" d="M{"L".join(over + under[::-1])}Z" opacity="0.16"/>'


def _line(curve: Curve, frame: _Frame, at: int) -> str:
    path = [f"{frame.x(v):g} {frame.y(s.value):g}" for v, s in zip(curve.values, curve.shares, strict=True)]
    dots = "".join(f'<circle class="f{at}" cx="{one.split()[0]}" cy="{one.split()[1]}" r="2.6"/>' for one in path)
    return f'<path class="c{at}" d="M{"L".join(path)}" fill="none" stroke-width="2.5"{dashed(at)}/>{dots}'


def _point(value: float, share: Share, frame: _Frame, at: int) -> str:
    x, (low, high) = frame.x(value), share.band
    whisker = f'<path class="c{at}" d="M{x:g} {frame.y(low):g}V{frame.y(high):g}" stroke-width="1.2"/>'
    return whisker + _diamond(x, frame.y(share.value), "ink")


def _diamond(x: float, y: float, kind: str) -> str:
    return f'<path class="{kind}" d="M{x:g} {y - 6:g}l6 6l-6 6l-6 -6Z" stroke-width="1.8"/>'
