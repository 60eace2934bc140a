"""The packets that nodes sent, counted by kind: what a scenario can expect of the wire itself.

This module decides how they are counted, for both backends, which must agree: from the instant at which the cluster is
ready until the end, each datagram once for every receiver and network, delivered or not. It leaves finding them to the
simulated network and to `packets/sent_packets.py`. The two differ in one thing: on real packets those count that
entered a switch, in the simulation also what the sender's own kernel kept (its interface down, its address gone).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from herzschlag.history.kinds import Sent

PING, PONG = "Ping", "Pong"
"""The names of an echo request and of its answer; a datagram has the name of its message."""


class SentPacket(NamedTuple):
    """One packet on its way from one node to another."""

    at_ns: int
    """Protocol time at which it was sent."""
    sender: str
    receiver: str
    network: str
    packet: str


class Passing(NamedTuple):
    """One packet on its way from one node to another, and what became of it."""

    sent_ns: int
    """Protocol time, as below."""
    arrived_ns: int | None
    """None: it never came."""
    network: str
    sender: str
    receiver: str
    packet: str


def counted(packets: Iterable[SentPacket], from_ns: int, until_ns: int) -> tuple[Sent, ...]:
    """The records of what was sent between these instants, both included, by sender, receiver, network and kind."""
    numbers = Counter(one[1:] for one in packets if from_ns <= one.at_ns <= until_ns)
    return tuple(
        Sent(sender=sender, receiver=receiver, network=network, packet=packet, count=count)
        for (sender, receiver, network, packet), count in sorted(numbers.items())
    )
