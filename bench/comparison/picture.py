"""One picture a fault, as SVG: each system's seconds until another host notices, until one leads, and with two. Pure.

The same text for the same runs, readable at 720 px, on a light and on a dark page, as the curves of bad lines are
(docs/decisions/0027-curves-drawn-by-hand.md).
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

from bench.comparison.cases import FAULTS, SUBJECTS
from bench.comparison.kept import Played
from bench.comparison.seen import Seen
from herzschlag.curves.strokes import DARK, LIGHT, style, ticks_of

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 190, 112, 48, 46
ROW = 46
BARS: tuple[tuple[str, str, Callable[[Seen], float | None]], ...] = (
    ("notices", "another host notices", lambda seen: seen.noticed_s),
    ("leads", "another host leads", lambda seen: seen.replaced_s),
    ("two", "time with two that lead", lambda seen: seen.two_s),
)
"""Class of a bar, what it means, and its seconds."""
THICK, THIN = 15, 9
LEAST_S = 0.05
"""What is shorter is not drawn."""


def picture(fault: str, runs: Sequence[Played]) -> str:
    """`runs` of that fault, none left out. Raises ValueError for none."""
    systems = [name for name in SUBJECTS if any(one.system == name for one in runs)]
    if not systems:
        raise ValueError(f"no run of {fault} is kept: make comparison")
    of = {name: [one.seen for one in runs if one.system == name] for name in systems}
    longest = max(found[1] for seen in of.values() for _, _, how in BARS if (found := _span(seen, how)))
    ticks = ticks_of(0.0, longest)
    height = TOP + ROW * len(systems) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{escape(f'{fault}: {FAULTS[fault]}')}</title>",
        style(),
        _bar_style(),
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *_legend(),
        *_grid(ticks, height),
    ]
    for at, name in enumerate(systems):
        parts += _row(SUBJECTS[name].title, of[name], TOP + ROW * at, ticks[-1])
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{height - 8}" text-anchor="middle">seconds</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _span(seen: Sequence[Seen], how: Callable[[Seen], float | None]) -> tuple[float, float, float] | None:
    """Median, highest, lowest; None: it never happened."""
    found = [value for one in seen if (value := how(one)) is not None]
    return (statistics.median(found), max(found), min(found)) if found else None


def _x(value: float, last: float) -> float:
    return round(LEFT + value / last * (WIDTH - LEFT - RIGHT), 1)


def _row(title: str, seen: Sequence[Seen], top: float, last: float) -> list[str]:
    words = _in_two(title)
    first_y = top + (22 if len(words) == 1 else 14)
    parts = [
        f'<text x="{LEFT - 8}" y="{first_y + 16 * at:g}" text-anchor="end">{escape(line)}</text>'
        for at, line in enumerate(words)
    ]
    spans = {kind: _span(seen, how) for kind, _, how in BARS}
    leads, notices, two = spans["leads"], spans["notices"], spans["two"]
    for kind, span in (("leads", leads), ("notices", notices)):
        if span is not None:
            parts.append(_bar(kind, span[0], top + 4, THICK, last))
    until = leads or notices
    if until is not None:
        parts.append(_whisker(until, top + 4 + THICK / 2, last))
        parts.append(f'<text x="{_x(until[1], last) + 8:g}" y="{top + 17:g}">{until[0]:.2f} s</text>')
    if two is not None and two[0] > LEAST_S:
        parts.append(_bar("two", two[0], top + 24, THIN, last))
        parts.append(f'<text x="{_x(two[0], last) + 8:g}" y="{top + 34:g}">two for {two[0]:.1f} s</text>')
    return parts


def _in_two(title: str) -> list[str]:
    """A long name in two lines, parted where it is nearest to its middle."""
    if len(title) <= len("Redis with Sentinel"):
        return [title]
    gaps = [at for at, sign in enumerate(title) if sign == " "]
    middle = min(gaps, key=lambda at: abs(at - len(title) / 2))
    return [title[:middle], title[middle + 1 :]]


def _bar(kind: str, value: float, y: float, thick: float, last: float) -> str:
    return f'<rect class="{kind}" x="{LEFT}" y="{y:g}" width="{_x(value, last) - LEFT:g}" height="{thick}"/>'


def _whisker(span: tuple[float, float, float], y: float, last: float) -> str:
    return f'<path class="ink" d="M{_x(span[2], last):g} {y:g}H{_x(span[1], last):g}" stroke-width="1.5"/>'


def _legend() -> list[str]:
    parts, x = [], float(LEFT - 170)
    for kind, words, _ in BARS:
        parts.append(f'<rect class="{kind}" x="{x:g}" y="14" width="22" height="12"/>')
        parts.append(f'<text x="{x + 28:g}" y="25">{escape(words)}</text>')
        x += 28 + 7.2 * len(words) + 26
    return parts


def _grid(ticks: Sequence[float], height: int) -> list[str]:
    parts = []
    for tick in ticks:
        x = _x(tick, ticks[-1])
        parts.append(f'<path class="grid" d="M{x:g} {TOP - 6}V{height - BOTTOM}"/>')
        parts.append(f'<text x="{x:g}" y="{height - BOTTOM + 17}" text-anchor="middle">{tick:g}</text>')
    return parts


def _bar_style() -> str:
    def rules(colours: Sequence[str]) -> str:
        return "".join(f".{kind}{{fill:{colour}}}" for (kind, _, _), colour in zip(BARS, colours, strict=True))

    light, dark = rules((LIGHT[0], "#9cc3ef", LIGHT[4])), rules((DARK[0], "#2b5b94", DARK[4]))
    return f"<style>{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"
