"""The legend names every sign of the picture, and no other."""

from __future__ import annotations

from herzschlag.pictures.instant import Lock, Packet
from herzschlag.pictures.layers import PACKETS
from herzschlag.pictures.legend import COLUMNS, ROWS
from tests.support.pictures import drawn, layer, said, troubles


def test_a_quiet_cluster_needs_few_words() -> None:
    assert said(layer(drawn(), "legend")) == ["VM runs"]


def test_signs_of_every_kind_are_named() -> None:
    picture = drawn(
        packets=(Packet("Pong", "A", "gateway", "host-98", False), Packet("Ping", "A", "host-99", "gateway", True)),
        links={"A|host-98": "cut", "B|host-98": "part"},
        locks=(Lock("vmfs-1", "vm-1", "host-98", True), Lock("vmfs-1", "vm-2", "host-99", False)),
        beating=frozenset({("vmfs-1", "host-99")}),
        silent=frozenset({("vmfs-1", "host-98")}),
    )
    assert said(layer(picture, "legend")) == [
        "ping to the isolation address, lost",
        "answer to a ping",
        "its way; with a number: several",
        "cut here",
        "cut from some hosts",
        "heartbeat region: the host writes",
        "heartbeat region: the host is silent",
        "locked file, and who holds the lock",
        "lock of a host without power",
        "VM runs",
    ]
    assert troubles(picture) == []


def test_more_signs_than_there_is_room_for_are_left_out() -> None:
    every = tuple(Packet(kind, "A", "host-98", "host-99", lost) for kind in PACKETS for lost in (False, True))
    picture = drawn(packets=every)
    assert len(said(layer(picture, "legend"))) == COLUMNS * ROWS
    assert troubles(picture) == []
