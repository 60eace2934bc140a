"""A small picture of a topology in plain text: boxes for a few hosts, a table of names for many."""

from __future__ import annotations

from topo.spec import GATEWAY, VCENTER, TopologySpec

_BOXED_HOSTS_MAX = 4
_WIDTH = 100
_BOX = 14


def picture(spec: TopologySpec) -> str:
    lines = _services(spec)
    lines += _boxes(spec) if len(spec.hosts) <= _BOXED_HOSTS_MAX else _table(spec)
    lines += _datastores(spec)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _services(spec: TopologySpec) -> list[str]:
    lines = ["    vCenter          gateway (isolation address)", "      |                |"]
    width = 4 + max(40, min(len(spec.hosts), _BOXED_HOSTS_MAX) * _BOX)
    for network in spec.networks:
        rule = "".join("+" if at in (2, 19) else "=" for at in range(width))
        gateway, vcenter = spec.address(GATEWAY, network), spec.address(VCENTER, network)
        lines.append(f"    {rule}  network {network}  gateway {gateway}  vCenter {vcenter}")
    return lines


def _boxes(spec: TopologySpec) -> list[str]:
    def row(cells: list[str]) -> str:
        return "    " + "".join(cell.ljust(_BOX) for cell in cells)

    wires = "  " + "   ".join("|" for _ in spec.networks)
    edge = "+" + "-" * (_BOX - 4) + "+"
    count = len(spec.hosts)
    lines = [row([wires] * count), row([edge] * count)]
    lines.append(row([f"|{moid[: _BOX - 4].ljust(_BOX - 4)}|" for moid in spec.moids]))
    for network in spec.networks:
        tails = [spec.address(moid, network).split(".", 2)[2] for moid in spec.moids]
        lines.append(row([f"|{f' {network} .{tail}'.ljust(_BOX - 4)}|" for tail in tails]))
    lines += [row([edge] * count), row(["     |"] * count)]
    return lines


def _table(spec: TopologySpec) -> list[str]:
    cell = max(len(moid) for moid in spec.moids) + len(" .1.96") + 2
    per_row = max(1, (_WIDTH - 6) // cell)
    lines = ["      |", f"      {len(spec.hosts)} hosts, each on every network (last two parts of its addresses):"]
    for start in range(0, len(spec.moids), per_row):
        chunk = spec.moids[start : start + per_row]
        texts = [f"{moid} .{spec.address(moid, 'A').split('.', 2)[2]}" for moid in chunk]
        lines.append("      " + "".join(text.ljust(cell) for text in texts))
    lines.append("      |")
    return lines


def _datastores(spec: TopologySpec) -> list[str]:
    lines = []
    for datastore in spec.datastores:
        if datastore.hosts is None:
            seen_by = "all hosts"
        elif len(datastore.hosts) <= _BOXED_HOSTS_MAX:
            seen_by = ", ".join(datastore.hosts)
        else:
            seen_by = f"{len(datastore.hosts)} of {len(spec.hosts)} hosts"
        lines.append(f"    ====== {datastore.name} ({datastore.kind}), seen by {seen_by}")
    return lines or ["    no datastores"]
