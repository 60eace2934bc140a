"""Attacks below the datagrams, on real packets: forged ARP and ICMP, by the gateway and by a host, change nothing.

And datagrams of an agent's earlier life, by it and to it. What is judged is what tests/lab/test_attacks.py judges.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from herzschlag.cluster import Cluster
from herzschlag.topo.spec import GATEWAY, node_interface
from tests.lab.test_attacks import picture, refused, unharmed
from tests.support.attacker import Attacker, Shot
from tests.support.frames import datagram, ethernet

pytestmark = [pytest.mark.packets, pytest.mark.herzschlag(vms_per_host=1)]
ATTACKERS = (GATEWAY, "host-100")
REQUEST, REPLY = 1, 2


@pytest.fixture
def attacker(cluster: Cluster, tmp_path: Path) -> Attacker:
    return Attacker(cluster, tmp_path)


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def arp(operation: int, sender: str, sender_mac: str, target: str, to: str = "ff:ff:ff:ff:ff:ff") -> bytes:
    """A frame that says that `sender` is at `sender_mac`."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac(sender_mac) + IPv4Address(sender).packed
    return mac(to) + mac(sender_mac) + b"\x08\x06" + body + mac(to) + IPv4Address(target).packed


def lies(attacker: Attacker, liar: str) -> Iterator[tuple[str, bytes]]:
    """Every address of the lab is the liar's: told to all at once, to each alone, and asked for."""
    lab = attacker.lab
    for network in lab.networks:
        own, out = lab.mac(liar, network), node_interface(network)
        everyone = [node for node in lab.nodes if node != liar]
        for claimed in everyone:
            address = lab.address(claimed, network)
            yield out, arp(REPLY, address, own, address)
            yield out, arp(REQUEST, address, own, address)
            for deceived in everyone:
                yield out, arp(REPLY, address, own, lab.address(deceived, network), lab.mac(deceived, network))


@pytest.mark.parametrize("liar", ATTACKERS)
def test_forged_arp_moves_no_address(cluster: Cluster, attacker: Attacker, liar: str) -> None:
    before = picture(cluster)
    known = {moid: attacker.neighbours(moid) for moid in cluster.hosts}
    assert all(known.values())
    assert attacker.frames(lies(attacker, liar), node=liar, rounds=12) > 500
    unharmed(cluster, before)
    assert {moid: attacker.neighbours(moid) for moid in cluster.hosts} == known
    assert not cluster.records_of("path")


def icmp(kind: int, code: int, rest: int, body: bytes) -> bytes:
    """An ICMP message with its checksum; `rest` is what follows the checksum."""
    message = struct.pack("!BBHI", kind, code, 0, rest) + body
    padded = message + bytes(len(message) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return message[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + message[4:]


def forgeries(attacker: Attacker, liar: str) -> Iterator[tuple[str, bytes]]:
    """To every host, about what it sends to every other node: no port, no host, fragments needed, go another way; and
    echo replies that it never asked for. From the liar itself and from the node that it is about."""
    lab = attacker.lab
    for network in lab.networks:
        for host in lab.moids:
            target = lab.address(host, network)
            for about in lab.nodes:
                other = lab.address(about, network)
                quoted = datagram(target, other, bytes(60))[14 : 14 + 28]
                messages = [
                    icmp(3, 3, 0, quoted),
                    icmp(3, 1, 0, quoted),
                    icmp(3, 4, 68, quoted),
                    icmp(5, 1, int(IPv4Address(lab.address(liar, network))), quoted),
                    *(icmp(0, 0, number << 16 | number, bytes(8)) for number in (0, 1, 4711)),
                ]
                for source in {other, lab.address(liar, network)}:
                    for message in messages:
                        yield target, ethernet(source, target, 1, message)[14:]


@pytest.mark.parametrize("liar", ATTACKERS)
def test_forged_icmp_ends_no_path(cluster: Cluster, attacker: Attacker, liar: str) -> None:
    """Also not by a smaller MTU: an agent that comes anew still proves the full packet size."""
    before = picture(cluster)
    packets = list(forgeries(attacker, liar))
    assert attacker.packets(packets, node=liar, rounds=2) > 500
    unharmed(cluster, before)
    assert not cluster.records_of("path")
    cluster.fault("crash-agent", host="host-98")
    cluster.wait_for_record("role", node="host-98", to="slave", within_s=60)


def test_datagrams_of_an_earlier_life_are_refused_by_all(cluster: Cluster, attacker: Attacker) -> None:
    """What host-98's agent sent before it crashed, and what was sent to it then, each to whom it was for."""
    with attacker.recording():
        cluster.advance(6)
    cluster.fault("crash-agent", host="host-98")
    cluster.wait_for_record("role", node="host-98", to="slave", within_s=60)
    cluster.advance(3)
    own = {attacker.lab.address("host-98", network) for network in attacker.lab.networks}
    stale = [shot for shot in attacker.tape if {shot.source, shot.target} & own]
    to_it = [Shot(shot.source, shot.target, shot.data) for shot in stale if shot.target in own]
    assert to_it and len(stale) > len(to_it)
    before, count = picture(cluster), refused(cluster)
    sent = attacker.send(stale)
    unharmed(cluster, before)
    now = refused(cluster)  # a count of them is told at each power of two, so at least half is told
    assert now["for-old-life"] - count["for-old-life"] > len(to_it) // 2
    assert now["old-life"] > count["old-life"]
    assert now.total() - count.total() > sent // 2
