"""The heartbeats of another system in a capture, by what its file says they look like on the wire.

A heartbeat arrived when the switch gave it to a host's link: to the host that it was for, or, a multicast or broadcast,
to each. Its sender is the host that has its source address. Nothing else in it is read. Sources: RFC 791, 768.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import IPv4Address

from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.heartbeats import Arrival
from herzschlag.systems.model import Heartbeats
from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.capture import interface_name
from herzschlag.topo.spec import TopologySpec

_ETHERNET, _IPV4_TYPE = 14, 0x0800
_IP = struct.Struct("!BxHHHxBxx4s4s")
_LATER_FRAGMENT = 0x1FFF
_WITH_PORTS = (6, 17)


def arrivals(
    capture: pcapng.Capture, packets: Iterable[pcapng.Packet], facts: CaptureFacts, lab: TopologySpec, of: Heartbeats
) -> list[Arrival]:
    hosts = {lab.address(host, network): (host, network) for network in lab.networks for host in lab.moids}
    ports = {interface_name(host, network): (host, network) for host, network in hosts.values()}
    sides = [ports.get(one.name) for one in capture.interfaces]
    found = []
    for packet in packets:
        side = sides[packet.interface]
        if side is None or packet.direction != "out":
            continue
        ends = _ends(packet.data, of)
        if ends is None or ends[0] not in hosts:
            continue
        (sender, _), (receiver, network) = hosts[ends[0]], side
        if sender != receiver and hosts.get(ends[1], side) == side:
            found.append(Arrival(facts.protocol_ns(packet.at_ns), sender, receiver, network))
    return found


def _ends(frame: bytes, of: Heartbeats) -> tuple[str, str] | None:
    """Source and destination of a heartbeat; None for anything else."""
    if len(frame) < _ETHERNET + _IP.size or int.from_bytes(frame[12:14], "big") != _IPV4_TYPE:
        return None
    head, _, _, fragment, protocol, source, destination = _IP.unpack_from(frame, _ETHERNET)
    if protocol != of.protocol or fragment & _LATER_FRAGMENT:
        return None
    at = _ETHERNET + (head & 0x0F) * 4
    if of.port and (protocol not in _WITH_PORTS or frame[at + 2 : at + 4] != of.port.to_bytes(2, "big")):
        return None
    return str(IPv4Address(source)), str(IPv4Address(destination))
