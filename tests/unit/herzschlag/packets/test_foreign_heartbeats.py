"""Another system's heartbeats in a capture, made byte by byte."""

import socket
import struct

import pytest

from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.heartbeats import Arrival
from herzschlag.packets.foreign_heartbeats import arrivals
from herzschlag.systems.model import Heartbeats
from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.capture import interfaces
from herzschlag.topo.catalog import two_networks

LAB = two_networks(3)
PORTS = tuple(interfaces(LAB).values())
NUMBER = {one.name: number for number, one in enumerate(PORTS)}
FACTS = CaptureFacts(cluster="lab", key="", began_wall_ns=1000, began_monotonic_ns=0, speed=1.0, mode="all")
VRRP = Heartbeats(protocol=112, interval_s=1)
H98, H99 = "198.18.1.1", "198.18.1.2"


def frame(source: str, destination: str, protocol: int = 112, body: bytes = b"\x31\x33\x96\x01") -> bytes:
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    return (
        bytes(12)
        + b"\x08\x00"
        + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 255, protocol, 0)
        + ends
        + body
    )


def seen(port: str, data: bytes, direction: str = "out", of: Heartbeats = VRRP) -> list[Arrival]:
    packet = pcapng.Packet(at_ns=1500, interface=NUMBER[port], data=data, direction=direction)  # type: ignore[arg-type]
    capture = pcapng.Capture(interfaces=PORTS, packets=(packet,))
    return arrivals(capture, capture.packets, FACTS, LAB, of)


def test_a_multicast_arrives_at_every_host_whose_link_it_was_given_to() -> None:
    assert seen("host-99 A", frame(H98, "224.0.0.18")) == [Arrival(500, "host-98", "host-99", "A")]
    assert seen("host-100 A", frame(H98, "224.0.0.18")) == [Arrival(500, "host-98", "host-100", "A")]
    assert seen("host-99 A", frame(H98, H99)) == [Arrival(500, "host-98", "host-99", "A")]


@pytest.mark.parametrize(
    ("port", "data", "direction"),
    [
        ("host-99 A", frame(H98, "224.0.0.18"), "in"),  # sent, not given
        ("gateway A", frame(H98, "224.0.0.18"), "out"),  # no host
        ("host-100 A", frame(H98, H99), "out"),  # a copy at another's port
        ("host-99 A", frame("198.18.9.9", "224.0.0.18"), "out"),  # of no host
        ("host-99 A", frame(H98, H99, protocol=17), "out"),
        ("host-99 A", frame(H98, H99)[:30], "out"),
    ],
)
def test_what_was_not_given_to_a_host_or_is_no_heartbeat_does_not_count(port: str, data: bytes, direction: str) -> None:
    assert seen(port, data, direction) == []


def test_a_port_tells_them_from_others_of_the_protocol() -> None:
    data = frame(H98, H99, protocol=17, body=struct.pack("!HHHH", 4000, 5405, 8, 0))
    assert seen("host-99 A", data, of=Heartbeats(protocol=17, port=5405, interval_s=1))
    assert not seen("host-99 A", data, of=Heartbeats(protocol=17, port=5406, interval_s=1))
