"""A whole picture: an A4 sheet on its side, as SVG.

This module decides what is on a sheet and in which order: title, faults and clock on top, then vCenter and gateway, the
networks, hosts, datastores, and the legend. Times and places of an instant come in; nothing is read here.
"""

from __future__ import annotations

from collections.abc import Collection

from herzschlag.languages import gettext
from herzschlag.pictures import legend, nodes, tiles, words
from herzschlag.pictures.instant import Instant
from herzschlag.pictures.layers import PACKETS, Layer
from herzschlag.pictures.passing import Passing
from herzschlag.pictures.storage import Stores
from herzschlag.pictures.svg import DIM, INK, Drawing
from herzschlag.report.plans import SHEET_EDGE, SHEET_HEIGHT, SHEET_WIDTH, Plan, sheet
from herzschlag.topo.spec import GATEWAY, VCENTER

A4_MM = (297, 210)
CLOCK_WIDTH = 225


def svg(now: Instant, *, title: str, faults: tuple[str, ...], wanted: Collection[Layer] = tuple(Layer)) -> str:
    """`title` and `faults`: in the wanted language, as this module draws no sentence of a scenario."""
    plan = sheet(now.hosts, now.networks, now.vms_most)
    clock = words.clock(now.seconds)
    about = "; ".join((gettext("The cluster at {clock}", clock=clock), *faults))
    drawing = Drawing(SHEET_WIDTH, SHEET_HEIGHT, millimetres=A4_MM, title=f"{title}, {clock}", about=about)
    _head(drawing, now, title, faults)
    if isinstance(plan, Plan):
        _few(drawing, plan, now, wanted)
    else:
        with drawing.layer("cluster", gettext("hosts and networks")):
            tiles.around(drawing, plan, now)
            tiles.tiles(drawing, plan, now)
        if Layer.VMS in wanted:
            with drawing.layer(Layer.VMS, words.layer(Layer.VMS)):
                tiles.vms(drawing, plan, now)
        for layer in dict.fromkeys(PACKETS.values()):
            if layer in wanted:
                with drawing.layer(layer, words.layer(layer)):
                    tiles.packets(drawing, plan, now, wanted, layer)
    _foot(drawing, now, wanted)
    if Layer.CLOCK in wanted:
        with drawing.layer(Layer.CLOCK, words.layer(Layer.CLOCK)):
            drawing.text(SHEET_WIDTH - SHEET_EDGE, 70, clock, 34, bold=True, anchor="end")
    if Layer.LEGEND in wanted:
        with drawing.layer(Layer.LEGEND, words.layer(Layer.LEGEND)):
            legend.draw(drawing, (legend.of_boxes if isinstance(plan, Plan) else legend.of_tiles)(now, wanted))
    return drawing.svg()


def _few(drawing: Drawing, plan: Plan, now: Instant, wanted: Collection[Layer]) -> None:
    stores = Stores(plan, now)
    with drawing.layer("cluster", gettext("hosts and networks")):
        nodes.networks(drawing, plan, now)
        stores.draw(drawing)
        vcenter_off = now.vcenter in ("off", "down")
        said = words.edge(now.vcenter) if now.vcenter else ""
        nodes.edge_node(drawing, plan, VCENTER, "vCenter", said, off=vcenter_off)
        said = words.edge(now.gateway) if now.gateway else gettext("isolation address")
        nodes.edge_node(drawing, plan, GATEWAY, gettext("gateway"), said, off=now.gateway == "off")
        nodes.hosts(drawing, plan, now)
        nodes.ports(drawing, plan, now)
    for layer, draw in nodes.LAYERS.items():
        if layer in wanted:
            with drawing.layer(layer, words.layer(layer)):
                draw(drawing, plan, now)
    for layer, draw_in in ((Layer.HEARTBEATS, stores.heartbeats), (Layer.LOCKS, stores.locks)):
        if layer in wanted:
            with drawing.layer(layer, words.layer(layer)):
                draw_in(drawing)
    passing = Passing(plan, now, wanted)
    for layer in dict.fromkeys(PACKETS.values()):
        if layer in wanted:
            with drawing.layer(layer, words.layer(layer)):
                passing.draw(drawing, layer)
    with drawing.layer("cuts", gettext("cuts")):
        nodes.marks(drawing, plan, now)


def _head(drawing: Drawing, now: Instant, title: str, faults: tuple[str, ...]) -> None:
    room = SHEET_WIDTH - 2 * SHEET_EDGE - CLOCK_WIDTH
    first, _, rest = title.partition(": ")
    drawing.text(SHEET_EDGE, 62, first, 24, bold=True, room=room)
    for index, text in enumerate(filter(None, (rest, "; ".join(faults)))):
        drawing.text(SHEET_EDGE, 86 + 19 * index, text, 15, fill=INK if index or not rest else DIM, room=room)
    how = gettext("virtual time") if now.virtual else gettext("real packets")
    drawing.text(SHEET_WIDTH - SHEET_EDGE, 92, how, 12, fill=DIM, anchor="end")


def _foot(drawing: Drawing, now: Instant, wanted: Collection[Layer]) -> None:
    said = [gettext("T: the first fault; without one, when the cluster was ready.")]
    if now.missing:
        said.insert(0, gettext("Without packets: {reason}.", reason=words.missing(now.missing)))
    elif set(wanted) & set(PACKETS.values()):
        said.insert(0, gettext("Packets of the last second, each way once."))
    drawing.text(SHEET_EDGE, SHEET_HEIGHT - 12, " ".join(said), 11, fill=DIM, room=SHEET_WIDTH - 2 * SHEET_EDGE)
