"""Impairments as values: everything that makes a node's links bad without cutting them at a switch. Pure.

This module decides what can be wanted of one node's packets, whatever the means, and which of the means serves it; it
leaves the means to `filters.py` (nftables drops and doubles), `queues.py` (netem delays) and `relay.py` (a process of
ours does everything), and carrying it out to `apply.py`. All of it is at the sender's end of a directed link, but for
blocks of what comes in.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.topo.errors import ImpairError

DELAY_NS_MAX = 60_000_000_000
JITTER_NS_MAX = 2**31 - 1
"""netem calculates with 32 bits and a sign."""
RATE_BIT_S_MIN, RATE_BIT_S_MAX = 100, 10_000_000_000
"""A heartbeat of 300 bytes takes 24 s at the one; no relay of ours comes near the other."""
BURST_PACKETS_MAX = 1000

Protocol = Literal["udp", "tcp", "icmp"]
Direction = Literal["in", "out", "both"]
Means = Literal["nftables", "netem", "relay"]


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
    burst_packets: float = 0.0
    """Losses come in bursts: the line is bad for this many packets on average, and good in between. 0: each packet is
    lost or not by itself."""
    burst_loss: float = 1.0
    """The share that a bad line loses; `loss` remains the share of all packets."""
    duplicate: float = 0.0
    corrupt: float = 0.0
    """This share arrives with one bit flipped, so that its checksum is wrong."""
    delay_ns: int = 0
    jitter_ns: int = 0
    """Each packet's delay lies evenly between `delay_ns - jitter_ns` and `delay_ns + jitter_ns`, but not below 0."""
    overtaking: float = 0.0
    """This share is not delayed at all, and so overtakes the others."""
    rate_bit_s: float = 0.0
    """The line carries this many bits of IP packets a second, one packet after the other; 0: any number."""

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "corrupt", "overtaking", "burst_loss"):
            if not 0 <= getattr(self, name) <= 1:
                raise ImpairError(f"{name}={getattr(self, name)} is outside 0 to 1")
        for name, value, most in (
            ("delay_ns", self.delay_ns, DELAY_NS_MAX),
            ("jitter_ns", self.jitter_ns, JITTER_NS_MAX),
        ):
            if not 0 <= value <= most:
                raise ImpairError(f"{name}={value} is outside 0 to {most}")
        if self.rate_bit_s and not RATE_BIT_S_MIN <= self.rate_bit_s <= RATE_BIT_S_MAX:
            raise ImpairError(f"rate_bit_s={self.rate_bit_s:g} is outside {RATE_BIT_S_MIN} to {RATE_BIT_S_MAX}")
        if self.overtaking and not self.delays:
            raise ImpairError(f"overtaking={self.overtaking}: nothing is delayed, so nothing can be overtaken")
        if self.burst_packets:
            self._check_bursts()

    def _check_bursts(self) -> None:
        told = f"burst_packets={self.burst_packets:g} with loss={self.loss:g}"
        if not 0 < self.loss < self.burst_loss:
            raise ImpairError(f"{told}: a loss above 0, and below burst_loss={self.burst_loss:g}, the share while bad")
        least = 1 / (1 - self.bad_share)
        if not least <= self.burst_packets <= BURST_PACKETS_MAX:
            raise ImpairError(f"{told}: from {least:.3g}, which is chance alone, to {BURST_PACKETS_MAX}")

    @property
    def delays(self) -> bool:
        return self.delay_ns > 0 or self.jitter_ns > 0

    @property
    def kernel_can(self) -> bool:
        """Whether nftables and netem, as `filters.py` and `queues.py` use them, can do it."""
        return not (self.burst_packets or self.corrupt or self.rate_bit_s) and (
            not self.overtaking or self.delay_ns > 0
        )

    @property
    def mean_delay_ns(self) -> float:
        """Of all packets that pass, those that overtake included."""
        delay_ns, jitter_ns = self.delay_ns, self.jitter_ns
        # Delays are even from `delay - jitter` to `delay + jitter`, and those below 0 are 0.
        held_ns = (delay_ns + jitter_ns) ** 2 / (4 * jitter_ns) if jitter_ns > delay_ns else delay_ns
        return (1 - self.overtaking) * held_ns

    @property
    def bad_share(self) -> float:
        """The share of packets that meet a bad line."""
        return self.loss / self.burst_loss

    @property
    def turns(self) -> tuple[float, float]:
        """How probable it is that a good line is bad at the next packet, and a bad one good. Bad for `burst_packets` on
        average is to turn good with one chance in as many; the other follows from the share of bad packets."""
        turns_good = 1 / self.burst_packets
        return turns_good * self.bad_share / (1 - self.bad_share), turns_good


PERFECT = Quality()
DOWN = Quality(loss=1.0)
STAGES_MAX = 101


class Flap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that is down for the share `down` of each period, first down, then up."""

    period_ns: int
    down: float
    random: bool = False
    """Each time down and each time up is drawn evenly between half and one and a half of what it is on average."""
    grain_ns: int = 1
    """Random times are multiples of this."""
    name: str = ""
    """Lines of one name flap together; each other name, and seed, has random times of its own."""

    def __post_init__(self) -> None:
        if not 0 < self.down < 1:
            raise ImpairError(f"down={self.down:g}: a flapping line is down for a share between 0 and 1 of its period")
        if not 0 < self.grain_ns <= self.period_ns:
            raise ImpairError(f"period_ns={self.period_ns}: it is at least the grain of {self.grain_ns} ns")


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    at_ns: int
    quality: Quality


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stages: tuple[Stage, ...]
    """From the beginning (0) on, in order."""
    flap: Flap | None = None

    def __post_init__(self) -> None:
        at_ns = [stage.at_ns for stage in self.stages]
        if not at_ns or at_ns[0] or at_ns != sorted(set(at_ns)) or len(at_ns) > STAGES_MAX:
            raise ImpairError(f"{len(at_ns)} stages: a course has 1 to {STAGES_MAX} in order, the first at 0")


def always(quality: Quality) -> Course:
    return Course((Stage(0, quality),))


class Impairment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that impairs the packets of one node. Absolute: a link that is not named is not impaired."""

    blocks: tuple[Block, ...] = ()
    cuts: frozenset[tuple[str, str]] = frozenset()
    """(network, destination node): dropped by the node's own filter, and the sender is told so."""
    links: dict[tuple[str, str], Quality] = msgspec.field(default_factory=dict)
    """(network, destination node) to how bad it is; the sender notices nothing."""
    courses: dict[tuple[str, str], Course] = msgspec.field(default_factory=dict)
    """The same of links whose quality changes by itself."""

    def split(self, netem: bool) -> tuple[Impairment, dict[tuple[str, str], Course]]:
        """What the kernel does of it, and the links that the relay serves: all that are impaired where the kernel has
        no netem, else those whose quality is beyond the kernel, or changes by itself."""
        bad = {link: quality for link, quality in self.links.items() if quality != PERFECT}
        kernels = {link: quality for link, quality in bad.items() if netem and quality.kernel_can}
        relayed = {link: always(quality) for link, quality in bad.items() if link not in kernels} | self.courses
        return msgspec.structs.replace(self, links=kernels, courses={}), relayed

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
