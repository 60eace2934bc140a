"""What nodes sent, counted: the records must be the same whichever backend found the packets."""

from __future__ import annotations

from herzschlag.history.records import SECOND
from herzschlag.history.sent import PING, SentPacket, counted

READY_NS, END_NS = 20 * SECOND, 40 * SECOND


def packet(at_s: float, packet: str = "Heartbeat", receiver: str = "host-99", network: str = "A") -> SentPacket:
    return SentPacket(round(at_s * SECOND), "host-98", receiver, network, packet)


def told(*packets: SentPacket) -> list[tuple[str, str, str, int]]:
    found = counted(packets, READY_NS, END_NS)
    return [(one.receiver, one.network, one.packet, one.count) for one in found]


def test_packets_are_counted_by_receiver_network_and_kind() -> None:
    sent = [packet(21), packet(22), packet(22, network="B"), packet(22, PING, "gateway"), packet(23, "Election")]
    assert told(*sent) == [
        ("gateway", "A", PING, 1),
        ("host-99", "A", "Election", 1),
        ("host-99", "A", "Heartbeat", 2),
        ("host-99", "B", "Heartbeat", 1),
    ]


def test_what_was_sent_before_the_cluster_was_ready_does_not_count() -> None:
    """Every cluster begins with an election, in which slaves do talk to each other."""
    assert told(packet(19.9), packet(40.1)) == []
    assert told(packet(20), packet(40)) == [("host-99", "A", "Heartbeat", 2)]
