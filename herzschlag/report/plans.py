"""Places and sizes in every picture of the cluster: in the report and the live page, on a phone, on a printed sheet.

This module decides where things are, in the units of the drawing, and from how many hosts on each has a tile instead of
a box with its links. It leaves shapes and words to `static/cluster.js` on a page, which is handed the plans as data,
and to `herzschlag/pictures` on paper.

The narrow plan is for phones, where a unit is about three quarters of a pixel, so that its words can be read; the sheet
is A4, four units a millimetre.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from herzschlag.topo.spec import GATEWAY, VCENTER

HOSTS_FULL_MAX = 8
HOSTS_FULL_NARROW_MAX = 4
VM_ROWS_MAX = 3
VM_ROW = 31
BAR = 24
"""Height of a network's bar."""
SHEET_WIDTH, SHEET_HEIGHT = 1188, 840
SHEET_EDGE = 40


class Place(msgspec.Struct, frozen=True):
    """Where a node is: of a box the middle of the side that its links leave, of a tile its upper left corner."""

    x: float
    y: float
    up: bool = False
    """The box is above the networks."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Few hosts, each a box with its links."""

    full: bool = True
    width: float
    height: float
    narrow: bool
    places: dict[str, Place]
    bars: dict[str, float]
    """Of each network, its upper edge."""
    link_apart: float
    """Of the two links of a node, from its middle."""
    network_x: float
    """Where a network's name is."""
    host_width: float
    host_top: float
    host_height: float
    columns: int
    rows: int
    """Of VMs in a host."""
    vm_top: float
    """Of the first row of VMs, from `host_top`."""
    rail_y: float
    """What joins hosts and datastores."""

    def link_x(self, node: str, network: str) -> float:
        """Where a node's link to this network is."""
        side = 0 if len(self.bars) == 1 else -1 if network == next(iter(self.bars)) else 1
        return self.places[node].x + side * self.link_apart


class Tiles(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Many hosts, each a tile."""

    full: bool = False
    width: float
    height: float
    narrow: bool
    places: dict[str, Place]
    tile_width: float
    tile_height: float


class Plans(msgspec.Struct, frozen=True):
    """What a page needs: it may become narrow."""

    wide: Plan | Tiles
    narrow: Plan | Tiles


def plans(hosts: Sequence[str], networks: Sequence[str], vms_most: int) -> Plans:
    """`vms_most`: the most VMs that any host has to show at once."""
    return Plans(
        wide=_wide(hosts, networks, vms_most)
        if len(hosts) <= HOSTS_FULL_MAX
        else _tiles(hosts, columns=10 if len(hosts) > 32 else 8, width=1200, top=74, narrow=False),
        narrow=_narrow(hosts, networks, vms_most)
        if len(hosts) <= HOSTS_FULL_NARROW_MAX
        else _tiles(hosts, columns=4, width=480, top=134, narrow=True),
    )


def _wide(hosts: Sequence[str], networks: Sequence[str], vms_most: int) -> Plan:
    width = max(980, len(hosts) * 216 + 40)
    slot = (width - 40) / len(hosts)
    return _full(
        hosts, networks, vms_most, width=width, edge=20, host_width=min(250, slot - 26), vm_top=60, link_apart=34
    )


def _narrow(hosts: Sequence[str], networks: Sequence[str], vms_most: int) -> Plan:
    width = max(480, len(hosts) * 156 + 12)
    slot = (width - 12) / len(hosts)
    return _full(
        hosts, networks, vms_most, width=width, edge=6, host_width=slot - 8, vm_top=82, link_apart=26, narrow=True
    )


def _full(
    hosts: Sequence[str],
    networks: Sequence[str],
    vms_most: int,
    *,
    width: float,
    edge: float,
    host_width: float,
    vm_top: float,
    link_apart: float,
    narrow: bool = False,
    node_y: float = 66,
    bar_y: float = 110,
    host_top: float = 236,
    rail: float = 40,
    below_rail: float = 104,
) -> Plan:
    slot = (width - 2 * edge) / len(hosts)
    columns = 2 if host_width >= 190 else 1
    rows = min(VM_ROWS_MAX, max(1, -(-vms_most // columns)))
    host_height = vm_top + 14 + rows * VM_ROW
    inset = edge + min(150, slot / 2) + (12 if narrow else 0)
    places = {host: Place(edge + slot * (index + 0.5), host_top) for index, host in enumerate(hosts)}
    places |= {VCENTER: Place(inset, node_y, True), GATEWAY: Place(width - inset, node_y, True)}
    rail_y = host_top + host_height + rail
    return Plan(
        width=width,
        height=rail_y + below_rail,
        narrow=narrow,
        places=places,
        bars={network: bar_y + index * 46 for index, network in enumerate(networks)},
        link_apart=link_apart,
        network_x=_widest(places.values(), link_apart) if narrow else edge + slot,
        host_width=host_width,
        host_top=host_top,
        host_height=host_height,
        columns=columns,
        rows=rows,
        vm_top=vm_top,
        rail_y=rail_y,
    )


def _widest(places: Iterable[Place], link_apart: float) -> float:
    """The middle of the widest stretch that no link crosses."""
    links = sorted(place.x + side for place in places for side in (-link_apart, link_apart))
    left, right = max(pairwise(links), key=lambda between: between[1] - between[0])
    return (left + right) / 2


def _tiles(hosts: Sequence[str], *, columns: int, width: float, top: float, narrow: bool) -> Tiles:
    tile_width, tile_height = (width - 30) / columns - 8, 76
    return Tiles(
        width=width,
        height=top + 10 + -(-len(hosts) // columns) * (tile_height + 8),
        narrow=narrow,
        places=_rows_of_tiles(hosts, columns, (19, top), tile_width + 8, tile_height + 8),
        tile_width=tile_width,
        tile_height=tile_height,
    )


def _rows_of_tiles(
    hosts: Sequence[str], columns: int, corner: tuple[float, float], step_x: float, step_y: float
) -> dict[str, Place]:
    return {
        host: Place(corner[0] + index % columns * step_x, corner[1] + index // columns * step_y)
        for index, host in enumerate(hosts)
    }


def sheet(hosts: Sequence[str], networks: Sequence[str], vms_most: int) -> Plan | Tiles:
    """An A4 sheet on its side, with room on the links for what passes by them, and below for files and a legend."""
    inner = SHEET_WIDTH - 2 * SHEET_EDGE
    if len(hosts) > HOSTS_FULL_MAX:
        columns = 8 if len(hosts) <= 64 else 12
        top, bottom = 232, 700
        step_y = min(84, (bottom - top) / -(-len(hosts) // columns))
        return Tiles(
            width=SHEET_WIDTH,
            height=SHEET_HEIGHT,
            narrow=False,
            places=_rows_of_tiles(hosts, columns, (SHEET_EDGE, top), (inner + 8) / columns, step_y),
            tile_width=(inner + 8) / columns - 8,
            tile_height=step_y - 8,
        )
    slot = inner / len(hosts)
    plan = _full(
        hosts,
        networks,
        vms_most,
        width=SHEET_WIDTH,
        edge=SHEET_EDGE,
        host_width=min(300, slot - 12),
        vm_top=56 if slot > 250 else 74,
        link_apart=min(76, slot / 5) if slot > 250 else slot / 4,
        narrow=slot <= 250,
        node_y=168,
        bar_y=240,
        host_top=448,
        rail=24,
    )
    return msgspec.structs.replace(plan, height=SHEET_HEIGHT)
