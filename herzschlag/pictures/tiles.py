"""A sheet with many hosts: a tile for each, with its role, its VMs, its networks, and its packets in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from herzschlag.languages import gettext, ngettext
from herzschlag.pictures import signs, words
from herzschlag.pictures.instant import Instant
from herzschlag.pictures.layers import PACKETS, Layer
from herzschlag.pictures.nodes import OFF_FILL, STRONG, link_state
from herzschlag.pictures.svg import INK, PAPER, Drawing, fitted
from herzschlag.report.plans import SHEET_EDGE, Tiles

SMALL = 100
"""A tile that is narrower has smaller ports and letters."""


def around(drawing: Drawing, plan: Tiles, now: Instant) -> None:
    """Networks, gateway, vCenter and datastores, in two lines above the tiles."""
    networks = ", ".join(gettext("network {network}", network=network) for network in now.networks)
    gateway = gettext("gateway") + (f": {words.edge(now.gateway)}" if now.gateway else "")
    vcenter = "vCenter" + (f": {words.edge(now.vcenter)}" if now.vcenter else "")
    drawing.text(SHEET_EDGE, 150, f"{networks}   ·   {gateway}   ·   {vcenter}", 14, bold=True)
    stores = gettext("datastores: {names}", names=", ".join(one.name for one in now.datastores))
    drawing.text(SHEET_EDGE, 174, stores, 13, room=plan.width - 2 * SHEET_EDGE)


def tiles(drawing: Drawing, plan: Tiles, now: Instant) -> None:
    for host in now.hosts:
        place, role = plan.places[host], now.roles[host]
        with drawing.group(f"{host}: {words.role(role)}"):
            drawing.add(
                "rect", x=place.x, y=place.y, width=plan.tile_width, height=plan.tile_height, rx=7,
                fill=OFF_FILL if role == "off" else PAPER, stroke=INK, stroke_width=2.4 if role in STRONG else 1,
            )  # fmt: skip
            radius, size = (6.2, 9.5) if plan.tile_width < SMALL else (8.0, 11.5)
            step = 2.15 * radius
            room = plan.tile_width - step * len(now.networks) - 9
            drawing.text(place.x + 6, place.y + 16, host, size, bold=True, room=room)
            y = place.y + plan.tile_height / 2 + 1
            signs.role(drawing, role, place.x + 14, y, INK)
            drawing.text(place.x + 25, y + 4, words.role(role), 10.5, room=plan.tile_width - 30)
            for index, network in enumerate(now.networks):
                x = place.x + plan.tile_width - radius - 2 - step * (len(now.networks) - 1 - index)
                y = place.y + 12
                how = link_state(now, network, host)
                ground = OFF_FILL if how == "off" else PAPER
                drawing.add("circle", cx=x, cy=y, r=radius, fill=ground, stroke=INK, stroke_width=1.2)
                drawing.text(x, y + radius * 0.44, network, radius * 1.25, anchor="middle")
                if how not in ("ok", "off"):
                    end = "" if how == "part" else "m-10 0l10 10"
                    drawing.path(f"M{x - 5:.1f} {y + 5:.1f}l10-10{end}", stroke=signs.RED, width=2.4)


def vms(drawing: Drawing, plan: Tiles, now: Instant) -> None:
    for host, running in now.vms.items():
        place = plan.places[host]
        said = ngettext("{number} VM", "{number} VMs", len(running))
        drawing.text(place.x + 7, place.y + plan.tile_height - 7, said, 10.5, room=plan.tile_width * 0.42)


def packets(drawing: Drawing, plan: Tiles, now: Instant, wanted: Collection[Layer], layer: Layer) -> None:
    """Hearts alone, and how many go out and come in."""
    if layer is not Layer.HEARTS or layer not in wanted:
        return
    hearts = [one for one in now.packets if PACKETS[one.kind] is layer]
    sent = Counter(one.source for one in hearts)
    arrived = Counter(one.destination for one in hearts if not one.lost)
    gone = Counter(one.source for one in hearts if one.lost)
    for host in now.hosts:
        if not (sent[host] or arrived[host]):
            continue
        place = plan.places[host]
        x, y = place.x + plan.tile_width * 0.5 + 4, place.y + plan.tile_height - 11
        lost = sent[host] > 0 and gone[host] == sent[host]
        signs.packet(drawing, "Heartbeat", x, y, lost=lost, scale=0.55)
        text = fitted(f"{sent[host]}/{arrived[host]}", plan.tile_width * 0.5 - 18, 10)
        drawing.text(x + 8, y + 4, text, 10)
