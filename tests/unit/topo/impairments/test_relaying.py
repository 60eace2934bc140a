"""A damaged packet: its receiver must notice, and no router on the way. And a relay that was stopped says so."""

from __future__ import annotations

import socket
from unittest.mock import Mock

import msgspec
import pytest

from herzschlag.topo.impairments import relaying
from herzschlag.topo.impairments.relay_messages import Ask, Told
from herzschlag.topo.impairments.relaying import Relaying, damaged

ETHERNET, HEADER = b"e" * 12 + b"\x08\x00", bytes([0x45, 0, 0, 20 + 8]) + bytes(16)


def changed_bits(frame: bytes, where: float) -> list[int]:
    after = damaged(frame, where)
    assert len(after) == len(frame)
    return [8 * at + bit for at in range(len(frame)) for bit in range(8) if (frame[at] ^ after[at]) >> bit & 1]


def test_one_bit_behind_the_header_is_flipped_and_never_one_of_the_padding() -> None:
    frame = ETHERNET + HEADER + b"datagram" + b"padding"
    begin = (14 + 20) * 8
    assert changed_bits(frame, 0.0) == [begin]
    assert changed_bits(frame, 0.999999) == [begin + 63]
    for step in range(100):
        (bit,) = changed_bits(frame, step / 100)
        assert begin <= bit < begin + 64


def test_options_of_the_header_are_left_alone() -> None:
    frame = ETHERNET + bytes([0x46, 0, 0, 24 + 8]) + bytes(20) + b"datagram"
    assert changed_bits(frame, 0.0) == [(14 + 24) * 8]


def test_a_packet_without_content_stays_whole() -> None:
    frame = ETHERNET + bytes([0x45, 0, 0, 20]) + bytes(16) + b"padding"
    assert damaged(frame, 0.5) == frame


class Clock:
    """In place of the module `time`: it goes on only while the relay waits or is stopped."""

    def __init__(self) -> None:
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        return self.now_ns


def test_a_relay_that_is_stopped_while_it_works_says_so_as_one_that_is_stopped_while_it_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    relay = Relaying(its, seed=0)
    relay._ticks = True
    relay._ports["host-98", "A"] = Mock(counts=dict)
    waits = 0

    def wait(descriptors: list[int], *_: object) -> tuple[list[int], list[int], list[int]]:
        nonlocal waits
        waits += 1
        clock.now_ns += 20_000_000 if waits == 1 else 0
        return (descriptors if waits > 1 else [], [], [])

    def stopped() -> None:
        clock.now_ns += 200_000_000 if waits == 1 else 0

    monkeypatch.setattr(relaying, "time", clock)
    monkeypatch.setattr(relaying, "select", Mock(select=wait))
    monkeypatch.setattr(relay, "_let_go", stopped)
    with ours, its:
        ours.send(msgspec.json.encode(Ask("host-98", "A")))
        ours.shutdown(socket.SHUT_WR)
        relay.run()
        told = msgspec.json.decode(ours.recv(1000), type=Told)
    assert told.late_ns == 180_000_000
