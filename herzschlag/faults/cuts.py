"""Faults that cut links: hosts cut off, splits, bridges, one-way links, and networks or switches that fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault, FaultError, Names, in_words, networks_of, nodes_of
from herzschlag.faults.link_sets import isolate, one_way, split
from herzschlag.topo.spec import DirectedLink, TopologySpec

Manner = Literal["silent", "port-down", "host-carrier", "address", "nftables"]
"""How a host is cut off. silent: the switch drops; port-down: the switch's port is down; host-carrier: the host's
interface is down; address: the interface loses its address; nftables: each host's packet filter drops."""

LinkManner = Literal["silent", "nftables"]


class Isolate(Fault, frozen=True, tag="isolate"):
    """Cut a host off from everyone but `keep`."""

    host: Names
    networks: Names = "all"
    manner: Manner = "silent"
    keep: tuple[str, ...] = ()
    """Nodes that it still reaches, e.g. the gateway."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        nodes = nodes_of(lab, "host", self.host)
        networks = networks_of(lab, self.networks)
        keep = nodes_of(lab, "keep", self.keep)
        if self.manner in ("silent", "nftables"):
            others = [node for node in lab.nodes if node not in keep]
            return _cuts(isolate(nodes, others, networks), _at(self.manner))
        if keep:
            raise FaultError(
                "keep", f"manner {self.manner!r} cuts off the whole interface, so no node can be kept: use 'silent'"
            )
        ends = [(net, node) for net in networks for node in nodes]
        if self.manner == "port-down":
            return tuple(p.PortDown(network=net, node=node) for net, node in ends)
        if self.manner == "host-carrier":
            return tuple(p.CarrierDown(network=net, node=node) for net, node in ends)
        return tuple(p.AddressGone(network=net, node=node) for net, node in ends)


class Split(Fault, frozen=True, tag="split"):
    """Cut the hosts into groups that do not reach each other. A node in no group stays with everyone."""

    groups: tuple[tuple[str, ...], ...]
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if len(self.groups) < 2 or not all(self.groups):
            raise FaultError("groups", f"{in_words(self.groups)} is not a split: name two or more groups, none empty")
        groups = [nodes_of(lab, "groups", group) for group in self.groups]
        seen: set[str] = set()
        for group in groups:
            for node in group:
                if node in seen:
                    raise FaultError("groups", f"{node} is in two groups: to connect two groups use 'bridge'")
                seen.add(node)
        return _cuts(split(groups, networks_of(lab, self.networks)), _at(self.manner))


class Bridge(Fault, frozen=True, tag="bridge"):
    """A split in which `over` still reaches both sides: reachability is no longer transitive."""

    over: Names
    groups: tuple[tuple[str, ...], ...]
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        over = nodes_of(lab, "over", self.over)
        for node in over:
            if any(node in group for group in self.groups):
                raise FaultError("over", f"{node} is also in a group: a bridge belongs to no group")
        return Split(groups=self.groups, networks=self.networks, manner=self.manner).primitives(lab)


class CutPair(Fault, frozen=True, tag="cut-pair"):
    """Two nodes, or two sets of nodes, do not reach each other; everyone else reaches both."""

    a: Names
    b: Names
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        sides = (nodes_of(lab, "a", self.a), nodes_of(lab, "b", self.b))
        if set(sides[0]) & set(sides[1]):
            raise FaultError("b", f"{in_words(self.b)} has a node of {in_words(self.a)}: the two sides must differ")
        return _cuts(split(sides, networks_of(lab, self.networks)), _at(self.manner))


class OneWay(Fault, frozen=True, tag="one-way"):
    """Packets of `src` no longer reach `dst`; the other direction is fine."""

    src: Names
    dst: Names
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        links = one_way(nodes_of(lab, "src", self.src), nodes_of(lab, "dst", self.dst), networks_of(lab, self.networks))
        if not links:
            raise FaultError("dst", f"no link leads from {in_words(self.src)} to {in_words(self.dst)}: name two nodes")
        return _cuts(links, _at(self.manner))


class Cut(Fault, frozen=True, tag="cut"):
    """Exactly these directed links: `["A", "host-98", "host-99"]`."""

    links: tuple[tuple[str, str, str], ...]
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if not self.links:
            raise FaultError("links", "no link is named: write [['A', 'host-98', 'host-99']]")
        for network, src, dst in self.links:
            networks_of(lab, network, field="links")
            if src == dst:
                raise FaultError("links", f"there is no link from {src} to itself: name two nodes")
            nodes_of(lab, "links", (src, dst))
        return _cuts(self.links, _at(self.manner))


class NetworkDown(Fault, frozen=True, tag="network-down"):
    """The whole network carries nothing: the switch drops everything, or has all its ports down."""

    networks: Names
    manner: Literal["silent", "port-down"] = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        networks = networks_of(lab, self.networks)
        if self.manner == "port-down":
            return tuple(p.PortDown(network=net, node=node) for net in networks for node in lab.nodes)
        return _cuts(isolate(lab.nodes, (), networks), "switch")


class SwitchReboot(Fault, frozen=True, tag="switch-reboot"):
    """The switch is down, then for `dark_s` its ports show carrier and forward nothing. The scenario plays it as two
    faults, one after the other; `off_s` and `dark_s` take the place of `for_s`."""

    networks: Names
    off_s: float = 2.0
    dark_s: float = 0.0

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return self.phases()[0][1].primitives(lab)

    def phases(self) -> tuple[tuple[float, NetworkDown], ...]:
        """(length in seconds, fault), in order."""
        if self.off_s <= 0 or self.dark_s < 0:
            raise FaultError("off_s", f"off_s={self.off_s}, dark_s={self.dark_s}: off_s above 0, dark_s not below")
        dark = ((self.dark_s, NetworkDown(networks=self.networks)),) if self.dark_s else ()
        return ((self.off_s, NetworkDown(networks=self.networks, manner="port-down")), *dark)


def _at(manner: Manner) -> Literal["switch", "nftables"]:
    return "switch" if manner == "silent" else "nftables"


def _cuts(links: Iterable[DirectedLink], at: Literal["switch", "nftables"]) -> tuple[p.Primitive, ...]:
    return tuple(p.LinkCut(network=net, src=src, dst=dst, at=at) for net, src, dst in sorted(links))
