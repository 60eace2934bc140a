"""Hosts, networks and their links, gateway and vCenter: on a sheet with few hosts."""

from __future__ import annotations

from herzschlag.languages import gettext, ngettext
from herzschlag.pictures import signs, words
from herzschlag.pictures.instant import Instant
from herzschlag.pictures.layers import Layer
from herzschlag.pictures.svg import DIM, INK, PAPER, Drawing, width_of
from herzschlag.report.plans import BAR, SHEET_EDGE, VM_ROW, Plan
from herzschlag.topo.spec import GATEWAY, VCENTER

EDGE_WIDTH, EDGE_HEIGHT = 190, 50
COLOURS = (signs.BLUE, signs.OCHRE)
"""Of the networks; the second one is also hollow."""
OFF_FILL = "#e4e4e4"
STRONG = ("master", "isolated", "off")
"""Roles that are white on dark."""


def networks(drawing: Drawing, plan: Plan, now: Instant) -> None:
    for index, network in enumerate(now.networks):
        y, colour = plan.bars[network], COLOURS[index]
        with drawing.group(gettext("network {network}", network=network)):
            drawing.add(
                "rect", x=20, y=y, width=plan.width - 40, height=BAR, rx=12,
                fill=PAPER if index else colour, stroke=colour, stroke_width=2,
            )  # fmt: skip
            name = gettext("network {network}, switch s{network}", network=network)
            drawing.text(plan.width / 2, y + 17, name, 14, bold=True, anchor="middle", fill=INK if index else PAPER)
        for node in (VCENTER, GATEWAY, *now.hosts):
            _link(drawing, plan, now, (node, network))


def link_state(now: Instant, network: str, node: str) -> str:
    if now.roles.get(node) == "off" or (node == VCENTER and now.vcenter == "off"):
        return "off"
    return now.links.get(f"{network}|{node}", "ok")


def _link(drawing: Drawing, plan: Plan, now: Instant, end: tuple[str, str]) -> None:
    node, network = end
    place, index = plan.places[node], now.networks.index(network)
    x, colour = plan.link_x(node, network), COLOURS[index]
    how, impaired = link_state(now, network, node), f"{network}|{node}" in now.impaired
    bar = plan.bars[network] + (0 if place.up else BAR)
    low, high = min(bar, place.y), max(bar, place.y)
    with drawing.group(f"{node}, {network}: {words.link(how)}"):
        drawing.path(f"M{x:.1f} {low + 5:.1f}V{high - 5:.1f}", stroke=PAPER, width=8)
        line = f"M{x:.1f} {low:.1f}V{high:.1f}"
        if how in ("cut", "down", "off"):
            drawing.path(line, stroke=DIM, width=1.4, dashes="3 6")
        else:
            drawing.path(line, stroke=colour, width=2.6, dashes="10 5" if impaired else "")


def ports(drawing: Drawing, plan: Plan, now: Instant) -> None:
    for node in (VCENTER, GATEWAY, *now.hosts):
        for index, network in enumerate(now.networks):
            x, y, colour = plan.link_x(node, network), plan.places[node].y, COLOURS[index]
            off = link_state(now, network, node) == "off"
            ground = OFF_FILL if off else PAPER if index else colour
            drawing.add("circle", cx=x, cy=y, r=9, fill=ground, stroke=colour, stroke_width=1.8)
            ink = PAPER if ground == colour else INK
            drawing.text(x, y + 4, network, 11, bold=True, anchor="middle", fill=ink)


def marks(drawing: Drawing, plan: Plan, now: Instant) -> None:
    """Where links are cut: over everything that passes there."""
    for node in (VCENTER, GATEWAY, *now.hosts):
        for index, network in enumerate(now.networks):
            how = link_state(now, network, node)
            said = words.link(how) if how not in ("ok", "off") else ""
            group = now.groups.get(f"{network}|{node}")
            if how == "part" and group:
                said = gettext("part {number}", number=group)
            if not said and f"{network}|{node}" in now.impaired and how == "ok":
                said = gettext("lossy")
            if not said:
                continue
            place = plan.places[node]
            x, y = plan.link_x(node, network), place.y + (20 if place.up else -24)
            if how != "ok":
                signs.cross(drawing, x, y, half=how == "part")
            left, away = index == 0, 15
            if how in ("out", "in"):
                signs.arrow(drawing, x + (-17 if left else 17), y, up=(how == "out") != place.up)
                away = 24
            _mark(drawing, said, x + (-away if left else away), y + 4, room=_outside(plan, now) - away, left=left)


def _outside(plan: Plan, now: Instant) -> float:
    """From a link half the way to that of the next host."""
    return (plan.width - 2 * SHEET_EDGE) / len(now.hosts) / 2 - plan.link_apart - 3


def _mark(drawing: Drawing, said: str, x: float, y: float, *, room: float, left: bool) -> None:
    """Among many hosts the sign alone is left."""
    size = next((size for size in (11, 9) if width_of(said, size, bold=True) <= room), None)
    if size is not None:
        drawing.text(x, y, said, size, bold=True, anchor="end" if left else "start")


def edge_node(drawing: Drawing, plan: Plan, node: str, name: str, said: str, *, off: bool) -> None:
    """Gateway or vCenter."""
    place = plan.places[node]
    with drawing.group(f"{name}: {said}" if said else name):
        drawing.add(
            "rect", x=place.x - EDGE_WIDTH / 2, y=place.y - EDGE_HEIGHT, width=EDGE_WIDTH, height=EDGE_HEIGHT, rx=9,
            fill=OFF_FILL if off else PAPER, stroke=INK, stroke_width=2.4 if off else 1.5,
        )  # fmt: skip
        drawing.text(place.x, place.y - (32 if said else 24), name, 15, bold=True, anchor="middle")
        if said:
            drawing.text(place.x, place.y - 15, said, 12, anchor="middle", room=EDGE_WIDTH - 12)


def hosts(drawing: Drawing, plan: Plan, now: Instant) -> None:
    for host in now.hosts:
        role, left, top = now.roles[host], plan.places[host].x - plan.host_width / 2, plan.host_top + 9
        word = words.role(role)
        line: dict[str, float | str] = {"stroke_width": 3.2 if role in STRONG else 1.5}
        if role in ("isolated", "election", "frozen", "agent-down"):
            line |= {"stroke_dasharray": "9 5", "stroke_width": 2.6}
        with drawing.group(f"{host}: {word}"):
            drawing.add(
                "rect", x=left, y=top, width=plan.host_width, height=plan.host_height, rx=12,
                fill=OFF_FILL if role == "off" else PAPER, stroke=INK, **line,
            )  # fmt: skip
            drawing.text(left + 14, top + 29, host, 17, bold=True, room=plan.host_width - 24)
            width = min(width_of(word, 13, bold=True) + 38, plan.host_width - 20)
            x = left + 10 if plan.narrow else left + plan.host_width - width - 12
            y = top + (38 if plan.narrow else 11)
            dark = role in STRONG
            drawing.add(
                "rect", x=x, y=y, width=width, height=26, rx=13,
                fill=INK if dark else PAPER, stroke=INK, stroke_width=1.2,
            )  # fmt: skip
            signs.role(drawing, role, x + 15, y + 13, PAPER if dark else INK)
            size = next((size for size in (13, 11) if width_of(word, size, bold=True) <= width - 31), 10)
            drawing.text(x + 27, y + 17.5, word, size, bold=True, fill=PAPER if dark else INK, room=width - 31)


def _more(count: int) -> str:
    return ngettext("and {number} more VM", "and {number} more VMs", count)


def vms(drawing: Drawing, plan: Plan, now: Instant) -> None:
    width = (plan.host_width - 20 - (plan.columns - 1) * 8) / plan.columns
    most = plan.columns * plan.rows
    for host, running in now.vms.items():
        left, top = plan.places[host].x - plan.host_width / 2 + 10, plan.host_top + plan.vm_top
        shown = running if len(running) <= most else running[: most - 1]
        for index, (vm, state) in enumerate(shown):
            x, y = left + index % plan.columns * (width + 8), top + index // plan.columns * VM_ROW
            said = vm if state == "on" else words.vm(vm, state)
            with drawing.group(words.vm(vm, state)):
                dashed: dict[str, float | str] = {} if state == "on" else {"stroke_dasharray": "4 3"}
                drawing.add(
                    "rect", x=x, y=y, width=width, height=VM_ROW - 4, rx=6, fill=PAPER, stroke=INK, stroke_width=1.2,
                    **dashed,
                )  # fmt: skip
                signs.vm(drawing, state, x + 9, y + 13.5)
                drawing.text(x + 25, y + 18, said, 12.5, room=width - 30)
        if len(running) > most:
            index = most - 1
            x, y = left + index % plan.columns * (width + 8), top + index // plan.columns * VM_ROW
            more = _more(len(running) - most + 1)
            drawing.text(x + 8, y + 18, more, 12.5, fill=DIM, room=width - 10)
        if not running:
            none = gettext("no VM") if plan.narrow else gettext("no VM runs here")
            x = plan.places[host].x
            drawing.text(x, top + 19, none, 12.5, fill=DIM, anchor="middle", room=plan.host_width - 16)


def beliefs(drawing: Drawing, plan: Plan, now: Instant) -> None:
    """Where there is no room for who says so, the opinion alone."""
    room = plan.host_width - 16
    for host, said in now.beliefs.items():
        text = "; ".join(gettext("{master} says: {state}", master=by, state=words.belief(state)) for by, state in said)
        if width_of(text, 12) > room:
            text = "; ".join(words.belief(state) for _, state in said)
        y = plan.host_top + plan.host_height + 1
        drawing.text(plan.places[host].x, y, text, 12, anchor="middle", room=room)


LAYERS = {Layer.VMS: vms, Layer.BELIEFS: beliefs}
