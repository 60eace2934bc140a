"""Small diagrams side by side as SVG: one figure each over the same number, with the same curves. Pure.

The same text for the same values, on light and dark pages; why it is drawn here and not by a library is in
docs/decisions/0027-curves-drawn-by-hand.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from herzschlag.curves.strokes import dashed, style, ticks_of

WIDTH, COLUMNS, PANEL_HEIGHT = 720, 2, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 34, 28
"""Pixels around the plot of a panel."""
LEGEND_HEIGHT, FOOT = 30, 26


class Panel(NamedTuple):
    title: str
    curves: Mapping[str, Sequence[tuple[float, float]]]
    """Name to points, the same names in each panel."""
    failed: Collection[tuple[str, float]] = ()
    """(name, x) of points that are drawn hollow."""


def picture(panels: Sequence[Panel], about: str, axis: str = "hosts") -> str:
    """`about` is read by screen readers; `axis` is what all figures are drawn over."""
    rows = -(-len(panels) // COLUMNS)
    height = LEGEND_HEIGHT + rows * PANEL_HEIGHT + FOOT
    names = list(panels[0].curves)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{escape(about)}</title>",
        style(),
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *(
            f'<path class="c{at}" d="M{LEFT + at * 160} 18h30" fill="none" stroke-width="2.5"{dashed(at)}/>'
            f'<text x="{LEFT + at * 160 + 38}" y="23">{escape(name)}</text>'
            for at, name in enumerate(names)
        ),
        *(line for at, panel in enumerate(panels) for line in _panel(panel, at)),
        f'<text x="{WIDTH / 2:g}" y="{height - 8}" text-anchor="middle">{escape(axis)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(panel: Panel, at: int) -> list[str]:
    width = WIDTH // COLUMNS
    x0, y0 = at % COLUMNS * width + LEFT, LEGEND_HEIGHT + at // COLUMNS * PANEL_HEIGHT + TOP
    plot_width, plot_height = width - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM
    points = [point for curve in panel.curves.values() for point in curve]
    ups, alongs = ticks_of(0, max(y for _, y in points) or 1)[::2], sorted({x for x, _ in points})
    high, far = max(ups[-1], *(y for _, y in points)) or 1, alongs[-1]

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return round(x0 + point[0] / far * plot_width, 1), round(y0 + (1 - point[1] / high) * plot_height, 1)

    found = [f'<text x="{x0}" y="{y0 - 10}">{escape(panel.title)}</text>']
    for tick in ups:
        y = place((0, tick))[1]
        found.append(f'<path class="grid" d="M{x0} {y:g}h{plot_width}"/>')
        found.append(f'<text x="{x0 - 6}" y="{y + 4:g}" text-anchor="end" font-size="12">{tick:g}</text>')
    for along in alongs:
        x = place((along, 0))[0]
        found.append(
            f'<text x="{x:g}" y="{y0 + plot_height + 16}" text-anchor="middle" font-size="12">{along:g}</text>'
        )
    for number, (name, curve) in enumerate(panel.curves.items()):
        line = "L".join("{:g} {:g}".format(*place(point)) for point in curve)
        dots = "".join(_dot(number, place(point), hollow=(name, point[0]) in panel.failed) for point in curve)
        found.append(f'<path class="c{number}" d="M{line}" fill="none" stroke-width="2.5"{dashed(number)}/>{dots}')
    return found


def _dot(curve: int, place: tuple[float, float], *, hollow: bool) -> str:
    where = f'cx="{place[0]:g}" cy="{place[1]:g}"'
    if hollow:
        return f'<circle class="c{curve} page" {where} r="4.5" stroke-width="1.6"/>'
    return f'<circle class="f{curve}" {where} r="2.6"/>'
