"""A damaged packet: its receiver must notice, and no router on the way."""

from __future__ import annotations

from herzschlag.topo.impairments.relaying import damaged

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
