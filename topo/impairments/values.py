"""Impairments as values: everything that makes a node's links bad without cutting them at a switch. Pure.

This module decides what can be wanted of one node's packets, whatever the means; it leaves the means to `filters.py`
(nftables drops and doubles) and `queues.py` (netem delays), and carrying it out to `apply.py`. All of it is at the
sender's end of a directed link, but for blocks of what comes in.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.topo.errors import ImpairError

DELAY_NS_MAX = 60_000_000_000
JITTER_NS_MAX = 2**31 - 1
"""netem calculates with 32 bits and a sign."""

Protocol = Literal["udp", "tcp", "icmp"]
Direction = Literal["in", "out", "both"]
Means = Literal["nftables", "netem"]


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Traffic of one kind that vanishes inside the node: all of a protocol, or what goes to one port."""

    protocol: Protocol
    port: int | None = None
    direction: Direction = "both"

    def __post_init__(self) -> None:
        if self.protocol not in ("udp", "tcp", "icmp"):
            raise ImpairError(f"protocol {self.protocol!r} is unknown: use 'udp', 'tcp' or 'icmp'")
        if self.direction not in ("in", "out", "both"):
            raise ImpairError(f"direction {self.direction!r} is unknown: use 'in', 'out' or 'both'")
        if self.port is not None and self.protocol == "icmp":
            raise ImpairError(f"port={self.port}: ICMP has no ports: leave it out")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise ImpairError(f"port={self.port} is outside 1 to 65535")


class Quality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bad one directed link is. Shares lie between 0 and 1, times are real nanoseconds."""

    loss: float = 0.0
    duplicate: float = 0.0
    delay_ns: int = 0
    jitter_ns: int = 0
    """Each packet's delay lies evenly between `delay_ns - jitter_ns` and `delay_ns + jitter_ns`."""
    overtaking: float = 0.0
    """This share is not delayed at all, and so overtakes the others."""

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "overtaking"):
            if not 0 <= getattr(self, name) <= 1:
                raise ImpairError(f"{name}={getattr(self, name)} is outside 0 to 1")
        for name, value, most in (
            ("delay_ns", self.delay_ns, DELAY_NS_MAX),
            ("jitter_ns", self.jitter_ns, JITTER_NS_MAX),
        ):
            if not 0 <= value <= most:
                raise ImpairError(f"{name}={value} is outside 0 to {most}")
        if self.overtaking and not self.delay_ns:
            raise ImpairError(f"overtaking={self.overtaking}: nothing is delayed, so nothing can be overtaken")

    @property
    def delays(self) -> bool:
        return self.delay_ns > 0 or self.jitter_ns > 0


PERFECT = Quality()


class Impairment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that impairs the packets of one node. Absolute: a link that is not named is not impaired."""

    blocks: tuple[Block, ...] = ()
    cuts: frozenset[tuple[str, str]] = frozenset()
    """(network, destination node): dropped by the node's own filter, and the sender is told so."""
    links: dict[tuple[str, str], Quality] = msgspec.field(default_factory=dict)
    """(network, destination node) to how bad it is; the sender notices nothing."""

    @property
    def means(self) -> frozenset[Means]:
        """The kernel facilities that these impairments need."""
        found: set[Means] = set()
        if self.blocks or self.cuts or any(one.loss or one.duplicate for one in self.links.values()):
            found.add("nftables")
        if any(one.delays for one in self.links.values()):
            found.add("netem")
        return frozenset(found)

    def on(self, network: str, others: tuple[str, ...]) -> dict[str, Quality]:
        """Every other node to the quality of the link to it."""
        return {node: self.links.get((network, node), PERFECT) for node in others}
