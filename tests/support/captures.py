"""Captures written by hand: packets of a small lab at given moments, delivered or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.messages import Address, AnyMessage
from herzschlag.history.capture_facts import CaptureFacts, to_comment
from herzschlag.history.records import SECOND
from herzschlag.topo.capture import capture, pcapng
from herzschlag.topo.catalog import two_networks
from herzschlag.topo.spec import TopologySpec
from tests.support import frames, wire_examples

SWITCH_NS = 200_000
"""How long a switch takes, in real time."""


class HandMade:
    """A capture in the making. Times are protocol seconds."""

    def __init__(self, lab: TopologySpec | None = None, *, speed: float = 1.0) -> None:
        self.lab = lab or two_networks(3)
        self.facts = CaptureFacts(
            cluster=wire_examples.CLUSTER,
            key=wire_examples.KEY.hex(),
            began_wall_ns=1_700_000_000 * SECOND,
            began_monotonic_ns=5_000 * SECOND,
            speed=speed,
            mode="heartbeats",
        )
        self.packets: list[pcapng.Packet] = []
        self._codec = Codec(wire_examples.CLUSTER, wire_examples.KEY)
        self._interfaces = tuple(capture.interfaces(self.lab).values())
        self._number = {one.name: number for number, one in enumerate(self._interfaces)}
        self._sequence = 0

    def sight(self, at_s: float, node: str, network: str, direction: pcapng.Direction, frame: bytes) -> None:
        """One packet at one port."""
        number = self._number[capture.interface_name(node, network)]
        self.packets.append(pcapng.Packet(self.facts.wall_ns(round(at_s * SECOND)), number, frame, direction))

    def cross(self, at_s: float, source: str, destination: str, network: str, frame: bytes, *, lost: bool) -> None:
        """One packet through the switch, or into it."""
        self.sight(at_s, source, network, "in", frame)
        if not lost:
            self.sight(at_s + SWITCH_NS / SECOND * self.facts.speed, destination, network, "out", frame)

    def ends(self, source: str, destination: str, network: str) -> tuple[str, str]:
        return self.lab.address(source, network), self.lab.address(destination, network)

    def head(self, sender: str, at_s: float) -> dict[str, Any]:
        """Header of a message sent 0.1 ms (real) before it is seen."""
        self._sequence += 1
        real_ns = self.facts.began_monotonic_ns + round(at_s * SECOND / self.facts.speed)
        return {"sender": sender, "boot": 1, "sequence": self._sequence, "sent_ns": real_ns - 100_000}

    def say(
        self,
        at_s: float,
        message: AnyMessage,
        to: str,
        networks: Sequence[str] = ("A", "B"),
        *,
        lost: Iterable[str] = (),
    ) -> None:
        """A message over some networks, lost on some of them."""
        for network in networks:
            data = self._codec.encode(message, Address(to, network, 1))
            frame = frames.datagram(*self.ends(message.sender, to, network), data)
            self.cross(at_s, message.sender, to, network, frame, lost=network in lost)

    def ping(self, at_s: float, source: str, destination: str, network: str, sequence: int, *, lost: bool) -> None:
        frame = frames.echo(*self.ends(source, destination, network), sequence=sequence)
        self.cross(at_s, source, destination, network, frame, lost=lost)

    def capture(self) -> pcapng.Capture:
        return pcapng.Capture(
            self._interfaces, tuple(self.packets), (to_comment(self.facts),), received=len(self.packets)
        )
