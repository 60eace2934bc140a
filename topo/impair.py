"""What makes a link bad without cutting it, as values, and the commands that do it at a node's interface: pure.

Two means, chosen by what is wanted and named in every error: nftables drops (at random, or by port) what arrives, and
duplicates what leaves; netem, a queueing discipline many small kernels lack, delays what leaves. Which of both the
running kernel has is found by `topo.probes`; the commands are run by `topo.lab`, in the node's network namespace.

All of it is absolute: the commands for an impairment first take away whatever impaired the interface before.
Sources: nft(8), tc-netem(8).
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from topo.errors import ImpairError

DELAY_MS_MAX = 60_000.0
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_COPIED = "0x68657274"
_RESOLUTION = 10_000  # loss in steps of a hundredth of a percent

Protocol = Literal["udp", "tcp", "icmp"]
Direction = Literal["in", "out", "both"]


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Traffic of one kind that vanishes: all of a protocol, or what goes to one port."""

    protocol: Protocol
    port: int | None = None

    def __post_init__(self) -> None:
        if self.protocol not in ("udp", "tcp", "icmp"):
            raise ImpairError(f"protocol {self.protocol!r} is unknown: use 'udp', 'tcp' or 'icmp'")
        if self.port is not None and self.protocol == "icmp":
            raise ImpairError(f"port={self.port}: ICMP has no ports: leave it out")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise ImpairError(f"port={self.port} is outside 1 to 65535")

    def match(self) -> str:
        if self.port is None:
            return f"ip protocol {self.protocol}"
        return f"{self.protocol} dport {self.port}"


class Impairment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bad a node's interface on one network is.

    Loss and blocks take what arrives at the node (`direction` "in"), what it sends ("out"), or both; `peers` narrows
    them to these addresses of the other side. Delay and duplicates concern what the node sends.
    """

    loss_percent: float = 0.0
    duplicate_percent: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    block: tuple[Block, ...] = ()
    direction: Direction = "in"
    peers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("loss_percent", self.loss_percent), ("duplicate_percent", self.duplicate_percent)):
            if not 0 <= value <= 100:
                raise ImpairError(f"{name}={value} is outside 0 to 100")
        for name, value in (("delay_ms", self.delay_ms), ("jitter_ms", self.jitter_ms)):
            if not 0 <= value <= DELAY_MS_MAX:
                raise ImpairError(f"{name}={value} is outside 0 to {DELAY_MS_MAX:.0f}")
        if self.jitter_ms > self.delay_ms:
            raise ImpairError(f"jitter_ms={self.jitter_ms} is above delay_ms={self.delay_ms}: raise the delay")
        if self.direction not in ("in", "out", "both"):
            raise ImpairError(f"direction {self.direction!r} is unknown: use 'in', 'out' or 'both'")
        for peer in self.peers:
            if not _ADDRESS.fullmatch(peer):
                raise ImpairError(f"peer {peer!r} is no IPv4 address")

    @property
    def needs_netem(self) -> bool:
        return self.delay_ms > 0

    @property
    def needs_nft(self) -> bool:
        return self.loss_percent > 0 or self.duplicate_percent > 0 or bool(self.block)


class Command(msgspec.Struct, frozen=True):
    """One command and what it reads; `may_fail` where there may be nothing to take away."""

    argv: tuple[str, ...]
    text: str | None = None
    may_fail: bool = False


def commands(impairment: Impairment | None, interface: str, offered: frozenset[str]) -> list[Command]:
    """What to run so that exactly this impairs the interface. `offered` holds of "netem" and "numgen" what works."""
    if impairment is not None and impairment.needs_netem and "netem" not in offered:
        raise ImpairError(
            f"delay_ms={impairment.delay_ms} needs the kernel module sch_netem, which this kernel lacks:"
            " sudo modprobe sch_netem, or use a kernel that has it (the Vagrant machine does)"
        )
    if impairment is not None and impairment.needs_nft and "numgen" not in offered:
        raise ImpairError(
            "loss, duplicates and blocked ports need nftables in the kernel and the program nft:"
            " sudo apt-get install nftables"
        )
    result = [Command(("nft", "-f", "-"), rules(impairment, interface), may_fail=impairment is None)]
    if impairment is not None and impairment.needs_netem:
        times = [f"{impairment.delay_ms:g}ms"] + ([f"{impairment.jitter_ms:g}ms"] if impairment.jitter_ms else [])
        netem = ("netem", "delay", *times)
        result.append(Command(("tc", "qdisc", "replace", "dev", interface, "root", *netem)))
    else:
        result.append(Command(("tc", "qdisc", "del", "dev", interface, "root"), may_fail=True))
    return result


def rules(impairment: Impairment | None, interface: str) -> str:
    """The nftables script: one transaction that replaces the interface's table."""
    table = f"netdev herzschlag_{interface}"
    lines = [f"add table {table}", f"delete table {table}"]
    if impairment is None or not impairment.needs_nft:
        return "\n".join(lines) + "\n"
    lines.append(f"add table {table}")
    if impairment.direction in ("in", "both"):
        lines += _chain(table, "ingress", interface, _drops(impairment, "saddr"))
    outgoing = _drops(impairment, "daddr") if impairment.direction in ("out", "both") else []
    if impairment.duplicate_percent:
        # The copy passes this chain as well: the mark keeps it from being copied in turn.
        unmarked, mark = f"meta mark != {_COPIED}", f"meta mark set {_COPIED}"
        outgoing.append(f"{unmarked} {_share(impairment.duplicate_percent)}{mark} dup to {interface}")
    if outgoing:
        lines += _chain(table, "egress", interface, outgoing)
    return "\n".join(lines) + "\n"


def _chain(table: str, hook: str, interface: str, statements: list[str]) -> list[str]:
    head = f"add chain {table} {hook} {{ type filter hook {hook} device {interface} priority 0; policy accept; }}"
    return [head, *(f"add rule {table} {hook} {statement}" for statement in statements)]


def _drops(impairment: Impairment, side: str) -> list[str]:
    who = f"ip {side} {{ {', '.join(impairment.peers)} }} " if impairment.peers else ""
    statements = [f"{who}{block.match()} counter drop" for block in impairment.block]
    if impairment.loss_percent:
        statements.append(f"{who}{_share(impairment.loss_percent)}counter drop")
    return statements


def _share(percent: float) -> str:
    """A match for that share of all packets, drawn anew for each."""
    if percent >= 100:
        return ""
    return f"numgen random mod {_RESOLUTION} < {round(percent * _RESOLUTION / 100)} "
