"""Packets are paired by their two sights at the switch: what was sent, what arrived, how long it took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from herzschlag.agents.protocol.messages import Address, Configure, Heartbeat
from herzschlag.history.capture_facts import CAPTURE_FILE, from_comments, to_comment
from herzschlag.packets.frames import Assembler
from herzschlag.packets.passages import CaptureError, Passages, lab_of, passages, read_passages
from herzschlag.packets.traffic import lost
from herzschlag.topo.capture import pcapng
from tests.support import frames, wire_examples
from tests.support.captures import SWITCH_NS, HandMade


def heartbeat(made: HandMade, sender: str, at_s: float) -> Heartbeat:
    fields: dict[str, Any] = {
        "role": "slave",
        "master": "host-99",
        "goodness": 3,
        "heard": 7,
        "config": 1,
        "inventory": 1,
    }
    return Heartbeat(**made.head(sender, at_s), **fields)


def of(made: HandMade) -> Passages:
    return passages(made.capture(), made.facts, made.lab)


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_a_delivered_heartbeat_has_both_its_times_and_its_real_delay(speed: float) -> None:
    made = HandMade(speed=speed)
    made.say(12.5, heartbeat(made, "host-98", 12.5), "host-99", ["A"])
    (packet,) = of(made).packets
    assert (packet.network, packet.source, packet.destination, packet.kind) == ("A", "host-98", "host-99", "Heartbeat")
    assert packet.entered_ns == 12_500_000_000
    assert packet.left_ns == 12_500_000_000 + round(SWITCH_NS * speed)
    assert packet.delay_ns == 100_000 + SWITCH_NS
    assert isinstance(packet.message, Heartbeat)
    assert packet.frame == 1


def test_what_entered_and_never_left_was_dropped_by_the_switch() -> None:
    made = HandMade()
    for second in range(5):
        made.say(second, heartbeat(made, "host-98", second), "host-99", lost=["B"] if second >= 3 else [])
    found = of(made)
    assert [p.entered_ns // 10**9 for p in found.packets if p.left_ns is None] == [3, 4]
    (loss,) = lost(found.packets)
    assert (loss.network, loss.kind, loss.count, loss.first_s, loss.last_s) == ("B", "Heartbeat", 2, 3, 4)


def test_nothing_is_lost_after_the_end_of_the_run() -> None:
    """The lab's nodes end one after the other; what some still send to others is not a loss."""
    made = HandMade()
    made.say(3, heartbeat(made, "host-98", 3), "host-99", lost=["B"])
    made.say(4.01, heartbeat(made, "host-98", 4.01), "host-99", lost=["A", "B"])
    (loss,) = lost(of(made).packets, end_ns=4 * 10**9)
    assert (loss.network, loss.count, loss.last_s) == ("B", 1, 3)


def test_the_same_message_over_two_networks_and_to_two_hosts_is_four_packets() -> None:
    made = HandMade()
    message = heartbeat(made, "host-99", 1)
    made.say(1, message, "host-98", lost=["A"])
    made.say(1, message, "host-100", lost=["B"])
    arrived = {(p.network, p.destination): p.left_ns is not None for p in of(made).packets}
    assert arrived == {
        ("A", "host-98"): False,
        ("B", "host-98"): True,
        ("A", "host-100"): True,
        ("B", "host-100"): False,
    }


def test_copies_made_in_the_switch_do_not_make_a_lost_packet_arrive() -> None:
    made = HandMade()
    message = heartbeat(made, "host-98", 1)
    made.say(1, message, "host-99", ["A"])
    data = frames.datagram(
        *made.ends("host-98", "host-99", "A"), wire_examples.CODEC.encode(message, Address("host-99", "A", 1))
    )
    made.sight(1.001, "host-99", "A", "out", data)  # once more
    made.sight(1.001, "host-100", "A", "out", data)  # flooded to a stranger
    made.say(2, heartbeat(made, "host-98", 2), "host-99", ["A"], lost=["A"])
    found = of(made)
    assert [p.left_ns is not None for p in found.packets] == [True, False]
    assert found.unsent == 1


def test_pings_and_foreign_addresses() -> None:
    made = HandMade()
    made.ping(1, "host-98", "gateway", "A", 1, lost=False)
    made.ping(2, "host-98", "gateway", "A", 2, lost=True)
    made.sight(3, "host-98", "A", "in", frames.echo(made.lab.address("host-98", "A"), "198.18.7.7"))
    packets = of(made).packets
    assert [(p.kind, p.destination, p.left_ns is not None) for p in packets] == [
        ("Ping", "gateway", True),
        ("Ping", "gateway", False),
        ("Ping", "198.18.7.7", False),
    ]


def test_a_datagram_under_another_key_is_refused_and_other_traffic_is_not_ours() -> None:
    made = HandMade()
    ends = made.ends("host-98", "host-99", "A")
    made.cross(1, "host-98", "host-99", "A", frames.datagram(*ends, b"HZ" + bytes(80)), lost=False)
    made.cross(2, "host-98", "host-99", "A", frames.ethernet(*ends, 17, frames.udp(b"x", port=53)), lost=False)
    made.cross(3, "host-98", "host-99", "A", bytes(60), lost=False)
    assert [p.kind for p in of(made).packets] == ["Refused"]


def test_fragments_are_one_datagram_that_arrives_with_its_last_piece() -> None:
    made = HandMade()
    message = Configure(**made.head("vcenter", 1), answers=1, config=wire_examples.configuration(300))
    pieces = frames.fragments(
        *made.ends("vcenter", "host-98", "A"), wire_examples.CODEC.encode(message, Address("host-98", "A", 1)), ident=7
    )
    assert len(pieces) > 1
    for number, piece in enumerate(pieces):
        made.sight(1 + number / 1000, "vcenter", "A", "in", piece)
    for number, piece in enumerate(pieces):
        made.sight(2 + number / 1000, "host-98", "A", "out", piece)
    (packet,) = of(made).packets
    assert packet.message == message
    assert packet.left_ns == round((2 + (len(pieces) - 1) / 1000) * 1e9)
    made.packets.pop()
    (packet,) = of(made).packets
    assert packet.left_ns is None  # a piece was lost on the way


def test_fragments_out_of_order_and_without_their_rest() -> None:
    pieces = frames.fragments("198.18.0.2", "198.18.1.1", bytes(5000), ident=9)
    assembler = Assembler()
    found = [assembler.add(piece) for piece in reversed(pieces)]
    assert found[:-1] == [None] * (len(pieces) - 1)
    assert found[-1] is not None and found[-1].data == bytes(5000)
    assert Assembler().add(pieces[1]) is None


def test_facts_survive_in_the_capture(tmp_path: Path) -> None:
    made = HandMade()
    assert from_comments(("another tool", to_comment(made.facts))) == made.facts
    made.say(1, heartbeat(made, "host-98", 1), "host-99")
    with (tmp_path / CAPTURE_FILE).open("wb") as out:
        pcapng.write(out, made.capture())
    assert read_passages(tmp_path, made.lab) == read_passages(tmp_path) == of(made)
    assert lab_of(made.capture()).moids == made.lab.moids


def test_errors_say_what_is_missing(tmp_path: Path) -> None:
    made = HandMade()
    with pytest.raises(CaptureError, match="simulated runs have no packets"):
        read_passages(tmp_path, made.lab)
    (tmp_path / CAPTURE_FILE).write_bytes(b"no capture at all")
    with pytest.raises(CaptureError, match="section header"):
        read_passages(tmp_path, made.lab)
    with (tmp_path / CAPTURE_FILE).open("wb") as out:
        pcapng.write(out, pcapng.Capture((pcapng.Interface("eth0"),), ()))
    with pytest.raises(CaptureError, match="not a capture of a run"):
        read_passages(tmp_path, made.lab)
