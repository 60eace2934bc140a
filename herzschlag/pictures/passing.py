"""Packets on the links that carried them: out on the left of a link, in on its right, each kind in a row of its own.

This module decides where a packet is drawn: once where it left its sender, and once where it came in, if it did. Of
several on one way there is one sign with their number. A lost one is drawn at its sender alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from herzschlag.pictures import signs
from herzschlag.pictures.instant import Instant, Packet
from herzschlag.pictures.layers import PACKETS, Layer
from herzschlag.pictures.svg import Drawing
from herzschlag.report.plans import BAR, Plan

ROW_MAX = 25
SIGN_HEIGHT = 19
SIDE = 41
"""How far signs reach from a link on each side, when nothing is scaled."""
_ORDER = list(PACKETS)

Row = tuple[str, bool]
"""The kind, and whether it was lost."""


class Passing:
    """Every packet of an instant, in its rows."""

    def __init__(self, plan: Plan, now: Instant, wanted: Collection[Layer]) -> None:
        self._plan = plan
        self._packets = [one for one in now.packets if PACKETS[one.kind] in wanted]
        self._networks = now.networks
        self._rows: dict[tuple[str, bool], list[Row]] = {}
        """Of each node, of what goes out and of what comes in."""
        for one in sorted(self._packets, key=lambda one: (_ORDER.index(one.kind), one.lost)):
            for side in ((one.source, True),) if one.lost else ((one.source, True), (one.destination, False)):
                rows = self._rows.setdefault(side, [])
                if _row(one) not in rows:
                    rows.append(_row(one))
        self._scale = min(1.0, (2 * plan.link_apart - 4) / (2 * SIDE))

    def draw(self, drawing: Drawing, layer: Layer) -> None:
        for out in (True, False):
            found: Counter[tuple[str, str, Row]] = Counter()
            for one in self._packets:
                if PACKETS[one.kind] is layer and (out or not one.lost):
                    found[one.source if out else one.destination, one.network, _row(one)] += 1
            for (node, network, row), count in found.items():
                if node in self._plan.places:
                    self._sign(drawing, node, network, row, count, out=out)

    def _sign(self, drawing: Drawing, node: str, network: str, row: Row, count: int, *, out: bool) -> None:
        place, side, scale = self._plan.places[node], -1 if out else 1, self._scale
        (top, step), rows = self._rows_from(node, out), self._rows[node, out]
        x, y = self._plan.link_x(node, network), top + step * (rows.index(row) + 0.5)
        signs.arrow(drawing, x + side * 8 * scale, y, up=out != place.up)
        signs.packet(
            drawing, row[0], x + side * 22 * scale, y, lost=row[1], scale=min(1, scale * 1.05, step / SIGN_HEIGHT)
        )
        if count > 1:
            drawing.text(
                x + side * 33 * scale, y + 4, str(count), 11 * scale, bold=True, anchor="end" if out else "start"
            )  # fmt: skip

    def _rows_from(self, node: str, out: bool) -> tuple[float, float]:
        """Where rows begin, and how far apart they are: only what passes this side of a node takes a row there."""
        up = self._plan.places[node].up
        top = self._plan.places[node].y + 11 if up else self._plan.bars[self._networks[-1]] + BAR + 4
        bottom = self._plan.bars[self._networks[0]] - 3 if up else self._plan.host_top - 38
        return top, min(ROW_MAX, (bottom - top) / len(self._rows[node, out]))


def _row(one: Packet) -> Row:
    return one.kind, one.lost
