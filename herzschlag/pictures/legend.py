"""The legend: every sign that is in the picture, and its name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from herzschlag.languages import gettext
from herzschlag.pictures import signs, words
from herzschlag.pictures.instant import Instant
from herzschlag.pictures.layers import PACKETS, Layer
from herzschlag.pictures.nodes import link_state
from herzschlag.pictures.svg import DIM, Drawing
from herzschlag.report.plans import SHEET_EDGE, SHEET_WIDTH

TOP = 754
ROW = 17
COLUMNS = 4
ROWS = 4
SIZE = 12
SIGN = 26

Item = tuple[Callable[[Drawing, float, float], None], str]
"""What draws the sign, and its name."""


def draw(drawing: Drawing, items: Iterable[Item]) -> None:
    step = (SHEET_WIDTH - 2 * SHEET_EDGE) / COLUMNS
    drawing.path(f"M{SHEET_EDGE} {TOP - 14}H{SHEET_WIDTH - SHEET_EDGE}", stroke=DIM, width=0.8)
    for index, (sign, name) in enumerate(islice(items, COLUMNS * ROWS)):
        x, y = SHEET_EDGE + index // ROWS * step, TOP + 4 + index % ROWS * ROW
        sign(drawing, x + 10, y)
        drawing.text(x + SIGN, y + 4, name, SIZE, room=step - SIGN - 8)


def of_tiles(now: Instant, wanted: Collection[Layer]) -> Iterator[Item]:
    """Tiles have fewer signs."""
    if Layer.HEARTS in wanted and now.packets:
        yield _packet("Heartbeat", False), gettext("heartbeats: sent/arrived")
    yield from _cuts(now)


def of_boxes(now: Instant, wanted: Collection[Layer]) -> Iterator[Item]:
    """The packets first; never more than there is room for, since no instant has all of them."""
    order = list(PACKETS)
    rows = sorted(
        {(one.kind, one.lost) for one in now.packets if PACKETS[one.kind] in wanted},
        key=lambda row: (order.index(row[0]), row[1]),
    )
    for kind, lost in rows:
        yield _packet(kind, lost), words.packet(kind, lost)
    if rows:
        yield lambda d, x, y: signs.arrow(d, x, y, up=True), gettext("its way; with a number: several")
    yield from _cuts(now)
    if Layer.HEARTBEATS in wanted and now.beating:
        yield lambda d, x, y: signs.pulse(d, x, y, beats=True), gettext("heartbeat region: the host writes")
    if Layer.HEARTBEATS in wanted and now.silent:
        yield lambda d, x, y: signs.pulse(d, x, y, beats=False), gettext("heartbeat region: the host is silent")
    if Layer.LOCKS in wanted and any(not lock.left for lock in now.locks):
        yield lambda d, x, y: signs.lock(d, x, y - 2, left=False), gettext("locked file, and who holds the lock")
    if Layer.LOCKS in wanted and any(lock.left for lock in now.locks):
        yield lambda d, x, y: signs.lock(d, x, y - 2, left=True), gettext("lock of a host without power")
    if Layer.VMS in wanted:
        for state, name in (
            ("on", gettext("VM runs")),
            ("starting", gettext("VM starts")),
            ("stopping", gettext("VM stops")),
        ):
            if any(vm[1] == state for running in now.vms.values() for vm in running):
                yield _vm(state), name


def _cuts(now: Instant) -> Iterator[Item]:
    links = {link_state(now, network, node) for node in now.hosts for network in now.networks}
    if links - {"ok", "off", "part"} or now.storage_lost:
        yield _cut(half=False), gettext("cut here")
    if "part" in links:
        yield _cut(half=True), gettext("cut from some hosts")


def _cut(*, half: bool) -> Callable[[Drawing, float, float], None]:
    def sign(drawing: Drawing, x: float, y: float) -> None:
        with drawing.group(transform=f"translate({x:.1f} {y:.1f}) scale(0.7)"):
            signs.cross(drawing, 0, 0, half=half)

    return sign


def _packet(kind: str, lost: bool) -> Callable[[Drawing, float, float], None]:
    return lambda drawing, x, y: signs.packet(drawing, kind, x, y, lost=lost, scale=0.9)


def _vm(state: str) -> Callable[[Drawing, float, float], None]:
    return lambda drawing, x, y: signs.vm(drawing, state, x - 4, y)
