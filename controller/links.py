"""Flow rules for a set of cut links, as plain values.

This file decides what a switch should hold: rules and ports, computed from the configuration and the cuts, and the
smallest change from what it holds. It knows no framework, no socket, no clock. Sending rules is left to switch.py.

One table, highest priority first:

    200  in_port = source, eth_dst = destination   drop     one rule per silent cut, so that its counters are its own
    100  eth_dst = destination                     output   one rule per node
     50  in_port = source                          flood    where a network floods: one rule per node, to all
                                                            others that no cut keeps from it
      0  anything else (broadcast, strangers)      drop     counted: nodes have static neighbour entries

A network that floods gives multicasts, broadcasts and packets for addresses that it does not know to every node. They
match no rule of a cut, so the flood rule of their source leaves the nodes out that are cut from it. The switch does not
learn (no `NORMAL`): what it learned of one direction would be sent past the cut of the other.

Every rule carries a cookie that says what it is for. So a restarted controller recognises the cuts it finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from herzschlag.controller.messages import ControlError, DirectedLink, ErrorCode, Network, NodePort

PRIORITY_CUT = 200
PRIORITY_FORWARD = 100
PRIORITY_FLOOD = 50
PRIORITY_MISS = 0

# Cookie: 16 bits of owner ("HZ"), 16 bits of kind, 16 bits of source port, 16 bits of destination port.
_OWNER = 0x485A
_KIND_FORWARD = 1
_KIND_CUT = 2
_KIND_MISS = 3
_KIND_FLOOD = 4

_PORT_MAX = 0xFF00 - 1  # OpenFlow reserves the port numbers above; ours must fit the cookie as well
_DPID_MAX = 2**64 - 1
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One flow rule. `None` matches everything; without output ports the packet is dropped."""

    priority: int
    in_port: int | None
    eth_dst: str | None
    out_ports: tuple[int, ...]
    cookie: int

    @property
    def key(self) -> tuple[int, int | None, str | None]:
        """What a switch tells rules apart by: a second rule with the same key replaces the first."""
        return (self.priority, self.in_port, self.eth_dst)


@dataclass(frozen=True, slots=True)
class SwitchState:
    """What one switch holds, or should hold."""

    rules: frozenset[Rule] = frozenset()
    ports_down: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class NetworkCuts:
    """The cuts of one network: directed pairs of nodes, and nodes whose port is down."""

    silent: frozenset[tuple[str, str]] = frozenset()
    ports_down: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What to send to one switch. Rules untouched by it keep their counters."""

    remove: tuple[Rule, ...] = ()
    add: tuple[Rule, ...] = ()
    ports_down: tuple[int, ...] = ()
    ports_up: tuple[int, ...] = ()

    @property
    def flows_changed(self) -> int:
        """How many rules are added, replaced or removed."""
        return len(self.remove) + len(self.add)

    @property
    def ports_changed(self) -> int:
        """How many ports go down or up."""
        return len(self.ports_down) + len(self.ports_up)

    def __bool__(self) -> bool:
        return bool(self.flows_changed or self.ports_changed)


def check_configuration(networks: Mapping[str, Network]) -> None:
    """Refuse a configuration that no switch could hold."""
    if not networks:
        raise _malformed("a configuration without networks: name at least one")
    dpids: dict[int, str] = {}
    for name, network in networks.items():
        if not 1 <= network.dpid <= _DPID_MAX:
            raise _malformed(f"network {name}: dpid {network.dpid} is not within 1..2^64-1")
        if network.dpid in dpids:
            raise _malformed(f"networks {dpids[network.dpid]} and {name} share dpid {network.dpid}: give each its own")
        dpids[network.dpid] = name
        ports: dict[int, str] = {}
        macs: dict[str, str] = {}
        for node, place in network.ports.items():
            if not 1 <= place.port <= _PORT_MAX:
                raise _malformed(f"network {name}: port {place.port} of {node} is not within 1..{_PORT_MAX}")
            if not _MAC.fullmatch(place.mac) or int(place.mac[:2], 16) & 1:
                raise _malformed(
                    f"network {name}: {place.mac!r} of {node} is not a unicast MAC address in lower case,"
                    " such as 02:00:00:00:00:01"
                )
            if place.port in ports:
                raise _malformed(f"network {name}: {ports[place.port]} and {node} share port {place.port}")
            if place.mac in macs:
                raise _malformed(f"network {name}: {macs[place.mac]} and {node} share MAC address {place.mac}")
            ports[place.port] = node
            macs[place.mac] = node


def split_cuts(
    networks: Mapping[str, Network], silent: Iterable[DirectedLink], ports_down: Iterable[NodePort]
) -> dict[str, NetworkCuts]:
    """The cuts of each configured network; raises ControlError for a link that does not exist."""
    pairs: dict[str, set[tuple[str, str]]] = {name: set() for name in networks}
    nodes: dict[str, set[str]] = {name: set() for name in networks}
    for network, source, destination in silent:
        _require(networks, network, source, destination)
        if source == destination:
            raise _malformed(f"cut {network} {source} -> {source}: a link joins two different nodes")
        pairs[network].add((source, destination))
    for network, node in ports_down:
        _require(networks, network, node)
        nodes[network].add(node)
    return {name: NetworkCuts(frozenset(pairs[name]), frozenset(nodes[name])) for name in networks}


def desired_state(network: Network, cuts: NetworkCuts) -> SwitchState:
    """What the switch of this network should hold."""
    rules = [Rule(PRIORITY_MISS, None, None, (), miss_cookie())]
    for node, place in network.ports.items():
        rules.append(Rule(PRIORITY_FORWARD, None, place.mac, (place.port,), forward_cookie(network, node)))
        if network.floods:
            reached = (there.port for other, there in network.ports.items() if _reaches(node, other, cuts))
            rules.append(Rule(PRIORITY_FLOOD, place.port, None, tuple(sorted(reached)), flood_cookie(network, node)))
    for source, destination in cuts.silent:
        cookie = cut_cookie(network, source, destination)
        place = network.ports[destination]
        rules.append(Rule(PRIORITY_CUT, network.ports[source].port, place.mac, (), cookie))
    return SwitchState(frozenset(rules), frozenset(network.ports[node].port for node in cuts.ports_down))


def _reaches(source: str, destination: str, cuts: NetworkCuts) -> bool:
    return source != destination and (source, destination) not in cuts.silent


def difference(actual: SwitchState, desired: SwitchState) -> Change:
    """The smallest change that turns `actual` into `desired`.

    A rule whose key stays but whose output or cookie differs is only added: adding replaces it in one step, so that no
    packet ever finds neither.
    """
    kept = {rule.key for rule in desired.rules}
    return Change(
        remove=tuple(sorted((rule for rule in actual.rules if rule.key not in kept), key=_by_text)),
        add=tuple(sorted(desired.rules - actual.rules, key=_by_text)),
        ports_down=tuple(sorted(desired.ports_down - actual.ports_down)),
        ports_up=tuple(sorted(actual.ports_down - desired.ports_down)),
    )


def recognise_cuts(network: Network, actual: SwitchState) -> NetworkCuts:
    """The cuts a switch already holds, read from its cookies and ports; cuts of nodes we do not know are left out."""
    node_at = {place.port: node for node, place in network.ports.items()}
    silent = set()
    for rule in actual.rules:
        if rule.cookie >> 32 == (_OWNER << 16 | _KIND_CUT):
            source, destination = node_at.get(rule.cookie >> 16 & 0xFFFF), node_at.get(rule.cookie & 0xFFFF)
            if source is not None and destination is not None:
                silent.add((source, destination))
    return NetworkCuts(frozenset(silent), frozenset(node_at[port] for port in actual.ports_down if port in node_at))


def miss_cookie() -> int:
    """Cookie of the rule that drops what nothing else matched."""
    return _cookie(_KIND_MISS)


def forward_cookie(network: Network, node: str) -> int:
    """Cookie of the rule that delivers to this node."""
    return _cookie(_KIND_FORWARD, 0, network.ports[node].port)


def cut_cookie(network: Network, source: str, destination: str) -> int:
    """Cookie of the rule that swallows packets of source to destination."""
    return _cookie(_KIND_CUT, network.ports[source].port, network.ports[destination].port)


def flood_cookie(network: Network, source: str) -> int:
    """Cookie of the rule that gives this node's multicasts, broadcasts and packets for strangers to all it reaches."""
    return _cookie(_KIND_FLOOD, network.ports[source].port)


def _cookie(kind: int, source_port: int = 0, destination_port: int = 0) -> int:
    return _OWNER << 48 | kind << 32 | source_port << 16 | destination_port


def _require(networks: Mapping[str, Network], network: str, *nodes: str) -> None:
    if network not in networks:
        known = ", ".join(sorted(networks))
        raise ControlError(ErrorCode.UNKNOWN_NETWORK, f"network {network!r} is not configured; there are: {known}")
    for node in nodes:
        if node not in networks[network].ports:
            known = ", ".join(sorted(networks[network].ports))
            raise ControlError(ErrorCode.UNKNOWN_NODE, f"node {node!r} is not on network {network}; there are: {known}")


def _malformed(message: str) -> ControlError:
    return ControlError(ErrorCode.MALFORMED, message)


def _by_text(rule: Rule) -> str:
    # Any fixed order will do (a bundle commits as one); it makes logs of equal changes equal.
    return repr(rule)
