"""Faults of links and interfaces short of a cut: losses, delays, blocked ports, MTU, addresses, routes."""

from __future__ import annotations

from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault, FaultError, Names, hosts_of, networks_of, nodes_of
from herzschlag.faults.line_quality import line_quality
from herzschlag.faults.link_sets import one_way
from herzschlag.topo.errors import ImpairError
from herzschlag.topo.spec import TopologySpec


class Impair(Fault, frozen=True, tag="impair"):
    """Packets of `src` to `dst` suffer: shares lie between 0 and 1, delays are milliseconds of protocol time."""

    src: Names = "all"
    dst: Names = "all"
    networks: Names = "all"
    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    """This share arrives with one bit flipped, and its receiver drops it because of the checksum."""
    burst_packets: float = 0.0
    """Losses come in bursts: the line is bad for this many packets on average (Gilbert and Elliott)."""
    burst_loss: float = 1.0
    """The share of packets that a bad line loses; `loss` remains the share of all."""
    rate_kbit_s: float = 0.0
    """The line carries this many kilobits of IP packets in a second of protocol time."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        for name in ("loss", "duplicate", "reorder", "corrupt", "burst_loss"):
            if not 0 <= getattr(self, name) <= 1:
                raise FaultError(name, f"{name}={getattr(self, name)}: a share lies between 0 and 1, e.g. 0.2")
        for name in ("delay_ms", "jitter_ms", "burst_packets", "rate_kbit_s"):
            if not 0 <= getattr(self, name) <= LARGEST:  # also what is not a number
                raise FaultError(name, f"{name}={getattr(self, name)}: it is not below 0 and at most {LARGEST:.0f}")
        quality = {name: getattr(self, name) for name in QUALITY}
        if not any(quality[name] for name in QUALITY if name not in ("burst_packets", "burst_loss")):
            raise FaultError("loss", f"nothing is impaired: give one of {', '.join(QUALITY[:7])}")
        _check(quality)
        links = one_way(nodes_of(lab, "src", self.src), nodes_of(lab, "dst", self.dst), networks_of(lab, self.networks))
        return tuple(p.Impaired(network=n, src=a, dst=b, **quality) for n, a, b in sorted(links))


LARGEST = 1e9
"""Milliseconds, packets or kilobits: more than any run needs."""
QUALITY = (
    "loss",
    "delay_ms",
    "jitter_ms",
    "duplicate",
    "reorder",
    "corrupt",
    "rate_kbit_s",
    "burst_packets",
    "burst_loss",
)
"""The keys that say how bad a line is."""


def _check(quality: dict[str, float]) -> None:
    """Refuse what no line can be."""
    try:
        line_quality([p.Impaired("", "", "", **quality)])
    except ImpairError as error:
        raise FaultError("burst_packets" if quality["burst_packets"] else "rate_kbit_s", str(error)) from None


class Block(Fault, frozen=True, tag="block"):
    """The host's packet filter drops port 8182 or ICMP."""

    host: Names
    what: p.Blockable
    direction: p.Direction = "both"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = nodes_of(lab, "host", self.host)
        return tuple(p.Blocked(host=host, what=self.what, direction=self.direction) for host in hosts)


class Mtu(Fault, frozen=True, tag="mtu"):
    """The path of these nodes to the switch takes packets up to `mtu` bytes alone."""

    host: Names
    mtu: int
    networks: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if not 68 <= self.mtu < lab.mtu:
            raise FaultError("mtu", f"mtu={self.mtu}: at least 68 and below the lab's {lab.mtu}, or nothing is broken")
        return tuple(
            p.MtuLimit(network=net, node=node, mtu=self.mtu)
            for net in networks_of(lab, self.networks)
            for node in nodes_of(lab, "host", self.host)
        )


class WrongAddress(Fault, frozen=True, tag="wrong-address"):
    """The host has a wrong address: its own with another last part, which no other node knows."""

    host: Names
    networks: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(
            p.AddressWrong(network=net, node=host, address=_wrong(lab.address(host, net)))
            for net in networks_of(lab, self.networks)
            for host in hosts_of(lab, "host", self.host)
        )


class MissingRoute(Fault, frozen=True, tag="missing-route"):
    """The host has lost its route into the network."""

    host: Names
    networks: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(
            p.RouteMissing(network=net, node=host)
            for net in networks_of(lab, self.networks)
            for host in hosts_of(lab, "host", self.host)
        )


def _wrong(address: str) -> str:
    """An address of the same network that no node has: hosts use .1 and .2, and no node uses .77."""
    octets = address.split(".")
    return ".".join([*octets[:2], "77", octets[3]])
