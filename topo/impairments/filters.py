"""A node's own packet filter as an nftables script: pure.

This module decides the rules for what is dropped or doubled inside a node: blocked ports, cuts made by the sender's
filter, random loss and duplicates. The script replaces the node's tables in one transaction, so it is absolute. Rules
are few however many nodes there are (one for all destinations of like quality): the time a change takes is that of its
rules.

    inet table    incoming, outgoing   what the node's administrator could have written; the sender gets an error
    netdev table  leaving_<network>    what a bad line does: after all of the node's own work, invisible to the node
    netdev table  relayed_<network>    the way to the relay (relay.py), which does what the kernel cannot. It is made
                                       before it is needed and stays; at the instant of a fault only its set of
                                       destinations changes, as to hook a chain in takes many times as long

Source: nft(8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from herzschlag.topo.impairments.values import Block, Impairment
from herzschlag.topo.spec import TopologySpec, node_interface

TABLE = "inet herzschlag"
TABLE_LEAVING = "netdev herzschlag"
TABLE_RELAYED = "netdev herzschlag_relay"
COPIED = "0x68657274"
"""Mark of a packet that was doubled: its copy passes the same chain and must be neither lost nor copied in turn."""
RELAYED = 0x68657273
"""Mark of a packet that comes from the relay: all that a bad line does to it was done."""
_PARTS = 1_000_000
"""Random shares are drawn in millionths."""


def relay_interface(network: str) -> str:
    """The TAP by which the relay is given packets that a node sends on a network."""
    return f"relay{network}"


def script(spec: TopologySpec, node: str, impairment: Impairment) -> str:
    """The script for the node's network namespace; every drop is counted."""
    lines = [
        f"add table {TABLE}",
        f"delete table {TABLE}",
        f"add table {TABLE_LEAVING}",
        f"delete table {TABLE_LEAVING}",
    ]
    incoming = [_blocked(block) for block in impairment.blocks if block.direction != "out"]
    outgoing = [_blocked(block) for block in impairment.blocks if block.direction != "in"]
    cuts = sorted(spec.address(dst, network) for network, dst in impairment.cuts)
    if cuts:
        outgoing.append(f"ip daddr {_set(cuts)} counter drop")
    if incoming or outgoing:
        lines.append(f"add table {TABLE}")
        # Before routing and after it: earlier than sockets, and where the packets of ping and raw sockets pass too.
        lines += _chain(TABLE, "incoming", "prerouting", incoming) + _chain(TABLE, "outgoing", "postrouting", outgoing)
    leaving = {network: _leaving(spec, node, network, impairment) for network in spec.networks}
    if any(leaving.values()):
        lines.append(f"add table {TABLE_LEAVING}")
    for network, rules in leaving.items():
        if rules:
            hook = f"egress device {node_interface(network)}"
            lines += _chain(TABLE_LEAVING, f"leaving_{network}", hook, rules)
    return "\n".join(lines) + "\n"


def way_to_relay(network: str) -> str:
    """The script that makes a node's way to the relay on a network, whose TAP is there; nothing takes it yet."""
    chain, bad = f"relayed_{network}", f"bad_{network}"
    hook = f"type filter hook egress device {node_interface(network)} priority -1; policy accept;"  # before `leaving`
    lines = [
        f"add table {TABLE_RELAYED}",
        f"add set {TABLE_RELAYED} {bad} {{ type ipv4_addr; }}",
        f"add chain {TABLE_RELAYED} {chain} {{ {hook} }}",
        f"add rule {TABLE_RELAYED} {chain} meta mark {RELAYED:#x} accept",
        f"add rule {TABLE_RELAYED} {chain} ip daddr @{bad} fwd to {relay_interface(network)}",
    ]
    return "\n".join(lines) + "\n"


def relayed(spec: TopologySpec, network: str, nodes: Collection[str]) -> str:
    """The script that has exactly the packets to these nodes take that way."""
    lines = [f"flush set {TABLE_RELAYED} bad_{network}"]
    if nodes:
        addresses = ", ".join(sorted(spec.address(node, network) for node in nodes))
        lines.append(f"add element {TABLE_RELAYED} bad_{network} {{ {addresses} }}")
    return "\n".join(lines) + "\n"


def _blocked(block: Block) -> str:
    if block.port is None:
        return f"ip protocol {block.protocol} counter drop"
    return f"{block.protocol} dport {block.port} counter drop"


def _leaving(spec: TopologySpec, node: str, network: str, impairment: Impairment) -> list[str]:
    others = tuple(other for other in spec.nodes if other != node)
    qualities = impairment.on(network, others)
    device = node_interface(network)
    rules = []
    for share, whose in _alike((quality.loss, other) for other, quality in qualities.items()):
        rules.append(f"{_towards(spec, network, whose, others)}{_drawn(share)}counter drop")
    for share, whose in _alike((quality.duplicate, other) for other, quality in qualities.items()):
        what = f"meta mark set {COPIED} dup to {device}"
        rules.append(f"{_towards(spec, network, whose, others)}{_drawn(share)}{what}")
    if any(quality.duplicate for quality in qualities.values()):
        rules.insert(0, f"meta mark {COPIED} accept")
    return rules


def _alike(shares: Iterable[tuple[float, str]]) -> list[tuple[float, list[str]]]:
    """Each share above 0 and the nodes that have it."""
    found: defaultdict[float, list[str]] = defaultdict(list)
    for share, node in shares:
        if share:
            found[share].append(node)
    return sorted(found.items())


def _towards(spec: TopologySpec, network: str, nodes: list[str], others: tuple[str, ...]) -> str:
    """A match for packets to these nodes; everything that leaves goes to one of the others."""
    if len(nodes) == len(others):
        return ""
    return f"ip daddr {_set([spec.address(node, network) for node in nodes])} "


def _set(addresses: list[str]) -> str:
    return addresses[0] if len(addresses) == 1 else f"{{ {', '.join(addresses)} }}"


def _drawn(share: float) -> str:
    """A match for that share of all packets, drawn anew for each."""
    if share >= 1:
        return ""
    return f"numgen random mod {_PARTS} < {max(1, round(share * _PARTS))} "


def _chain(table: str, name: str, hook: str, rules: list[str]) -> list[str]:
    head = f"add chain {table} {name} {{ type filter hook {hook} priority 0; policy accept; }}"
    return [head, *(f"add rule {table} {name} {rule}" for rule in rules)]
