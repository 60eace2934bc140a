"""Faults of links and interfaces short of a cut: losses, delays, blocked ports, MTU, addresses, routes."""

from __future__ import annotations

from typing import Any

import msgspec

from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault, FaultError, Names, hosts_of, in_words, networks_of, nodes_of
from herzschlag.faults.line_quality import line_course
from herzschlag.faults.link_sets import one_way
from herzschlag.topo.errors import ImpairError
from herzschlag.topo.spec import TopologySpec
from herzschlag.wrong_input import nearest


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
    to: dict[str, float] = msgspec.field(default_factory=dict)
    """A ramp: values of this fault that change, evenly, into those named here."""
    over_s: float = 0.0
    """... within so many seconds of protocol time."""
    flap_period_s: float = 0.0
    """The line flaps with this period of protocol time: first down, carrying nothing, then up, as bad as it is else."""
    flap_down: float = 0.5
    """The share of each period in which it is down."""
    flap_random: bool = False
    """Times down and up are drawn by the seed, evenly between half and one and a half of what they are on average."""
    both_ways: bool = False
    """Packets of `dst` to `src` suffer as well, and flap with the others."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        for name in ("loss", "duplicate", "reorder", "corrupt", "burst_loss"):
            if not 0 <= getattr(self, name) <= 1:
                raise FaultError(name, f"{name}={getattr(self, name)}: a share lies between 0 and 1, e.g. 0.2")
        for name in ("delay_ms", "jitter_ms", "burst_packets", "rate_kbit_s"):
            if not 0 <= getattr(self, name) <= LARGEST:  # also what is not a number
                raise FaultError(name, f"{name}={getattr(self, name)}: it is not below 0 and at most {LARGEST:.0f}")
        self._check_course()
        quality = {name: getattr(self, name) for name in QUALITY}
        if not (any(quality[name] for name in RAMPED) or any(self.to.values()) or self.flap_period_s):
            raise FaultError("loss", f"nothing is impaired: give one of {', '.join(RAMPED)}, or flap_period_s")
        src, dst, networks = nodes_of(lab, "src", self.src), nodes_of(lab, "dst", self.dst), self.networks
        links = one_way(src, dst, networks_of(lab, networks))
        if self.both_ways:
            links |= one_way(dst, src, networks_of(lab, networks))
        course = {name: getattr(self, name) for name in ("over_s", "flap_period_s", "flap_down", "flap_random")}
        course["to"] = tuple(sorted(self.to.items()))
        name = f"{in_words(self.src)} {in_words(self.dst)}"
        _check(quality | course, self.to)
        return tuple(
            p.Impaired(
                network=n, src=a, dst=b, flap_name=f"{n} {name}" if self.flap_period_s else "", **quality, **course
            )
            for n, a, b in sorted(links)
        )

    def _check_course(self) -> None:
        for name, value in self.to.items():
            if name not in RAMPED:
                raise FaultError("to", f"{name!r} is not a value that changes: {nearest(name, RAMPED)}")
            if not 0 <= value <= (1 if name in SHARES else LARGEST):
                raise FaultError("to", f"{name}={value}: a share lies between 0 and 1, anything else below {LARGEST:g}")
        if bool(self.to) != bool(self.over_s) or not 0 <= self.over_s <= COURSE_S_MAX:
            told = f"over_s={self.over_s:g} with {len(self.to)} values in 'to'"
            raise FaultError("over_s", f"{told}: a ramp has both, and takes at most {COURSE_S_MAX:g} s")
        if "rate_kbit_s" in self.to and not (self.rate_kbit_s and self.to["rate_kbit_s"]):
            raise FaultError("to", "a rate changes from one above 0 to another: 0 means any number")
        if self.flap_period_s and not FLAP_S_MIN <= self.flap_period_s <= COURSE_S_MAX:
            told = f"flap_period_s={self.flap_period_s:g}"
            raise FaultError("flap_period_s", f"{told}: a period lasts {FLAP_S_MIN:g} to {COURSE_S_MAX:g} s")
        if not 0 < self.flap_down < 1:
            raise FaultError("flap_down", f"flap_down={self.flap_down:g}: a share above 0 and below 1")


LARGEST = 1e9
"""Milliseconds, packets or kilobits: more than any run needs."""
COURSE_S_MAX = 7 * 24 * 3600.0
"""As long as the longest scenario."""
FLAP_S_MIN = 0.5
SHARES = ("loss", "duplicate", "reorder", "corrupt")
RAMPED = ("loss", "delay_ms", "jitter_ms", "duplicate", "reorder", "corrupt", "rate_kbit_s")
"""The keys that say how bad a line is, and can change by a ramp."""
QUALITY = (*RAMPED, "burst_packets", "burst_loss")


def _check(impaired: dict[str, Any], to: dict[str, float]) -> None:
    """Refuse what no line can be, at whatever moment."""
    try:
        line_course([p.Impaired("", "", "", **impaired)])
    except ImpairError as error:
        field = "burst_packets" if impaired["burst_packets"] else "to" if to else "rate_kbit_s"
        raise FaultError(field, str(error)) from None


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
