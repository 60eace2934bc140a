"""A node's own packet filter: conditions of one node to an nftables script, pure.

Decides the rules for what is dropped inside a host: its port 8182 or ICMP blocked, cuts made in the sender's filter,
loss and duplicates at random. The script replaces the node's whole table in one transaction, so it is absolute.
Delay and reordering are not a filter's business: they need sch_netem (`delays`). Source: nft(8).
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.primitives import AnyCondition, Blocked, Impaired, LinkCut
from topo.spec import TopologySpec, node_interface

TABLE = "inet herzschlag"
TABLE_OUT = "netdev herzschlag"
_SHARE = 1_000_000
"""Random shares are drawn in millionths."""

FilterCondition = Blocked | Impaired | LinkCut


def filtered_at(condition: AnyCondition) -> str | None:
    """The node whose filter carries the condition out; None: it is none of a filter's."""
    match condition:
        case Blocked(host=host):
            return host
        case LinkCut(at="nftables", src=src):
            return src
        case Impaired(src=src):
            return src
    return None


def delays(conditions: Iterable[AnyCondition]) -> list[Impaired]:
    """Those that need a queueing discipline."""
    return [c for c in conditions if isinstance(c, Impaired) and (c.delay_ms or c.jitter_ms or c.reorder)]


def script(spec: TopologySpec, node: str, conditions: Iterable[AnyCondition]) -> str:
    """What `nft -f -` is fed with in the node's network namespace; every drop is counted."""
    mine = [c for c in conditions if filtered_at(c) == node]
    inward = [rule for c in mine if isinstance(c, Blocked) and c.direction != "out" for rule in _blocked(c)]
    outward = [rule for c in mine if isinstance(c, Blocked) and c.direction != "in" for rule in _blocked(c)]
    for condition in mine:
        if isinstance(condition, LinkCut):
            outward.append(f"{_towards(spec, condition.network, condition.dst)} counter drop")
        if isinstance(condition, Impaired) and condition.loss:
            share = f"numgen random mod {_SHARE} < {round(condition.loss * _SHARE)}"
            outward.append(f"{_towards(spec, condition.network, condition.dst)} {share} counter drop")
    lines = [f"add table {TABLE}", f"delete table {TABLE}"]
    if inward or outward:
        lines.append(f"add table {TABLE}")
        lines += _chain("incoming", "prerouting", inward) + _chain("outgoing", "postrouting", outward)
    return "\n".join(lines + _duplicates(spec, [c for c in mine if isinstance(c, Impaired) and c.duplicate])) + "\n"


def _blocked(condition: Blocked) -> list[str]:
    if condition.what == "icmp":
        return ["meta l4proto icmp counter drop"]
    return [f"meta l4proto {{ tcp, udp }} th dport {condition.what} counter drop"]


def _towards(spec: TopologySpec, network: str, node: str) -> str:
    return f"ip daddr {spec.address(node, network)}"


def _chain(name: str, hook: str, rules: list[str]) -> list[str]:
    # Before routing and after it: earlier than sockets, and where ping sockets' and raw sockets' packets pass too.
    head = f"add chain {TABLE} {name} {{ type filter hook {hook} priority 0; policy accept; }}"
    return [head, *(f"add rule {TABLE} {name} {rule}" for rule in rules)]


def _duplicates(spec: TopologySpec, impaired: list[Impaired]) -> list[str]:
    lines = [f"add table {TABLE_OUT}", f"delete table {TABLE_OUT}"]
    if not impaired:
        return lines
    lines.append(f"add table {TABLE_OUT}")
    for network in sorted({c.network for c in impaired}):
        device, chain = node_interface(network), f"leaving_{network}"
        lines.append(
            f"add chain {TABLE_OUT} {chain} {{ type filter hook egress device {device} priority 0; policy accept; }}"
        )
        for condition in impaired:
            if condition.network == network:
                share = f"numgen random mod {_SHARE} < {round(condition.duplicate * _SHARE)}"
                to = _towards(spec, network, condition.dst)
                lines.append(f"add rule {TABLE_OUT} {chain} {to} {share} dup to {device}")
    return lines
