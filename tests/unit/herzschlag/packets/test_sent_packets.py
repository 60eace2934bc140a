"""What nodes sent, in captures written by hand."""

from __future__ import annotations

import msgspec

from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.history.sent import PING
from herzschlag.packets.sent_packets import sent_packets
from herzschlag.topo.capture.pcapng import Capture
from tests.support.captures import HandMade


def captured() -> HandMade:
    """A heartbeat that arrives on network A alone, and two pings, of which one is answered."""
    made = HandMade()
    beat = Heartbeat(
        **made.head("host-98", 1.0), role="slave", master="host-99", goodness=3, heard=7, config=1, inventory=1
    )
    made.say(1.0, beat, "host-99", lost="B")
    made.ping(2.0, "host-98", "gateway", "A", 1, lost=True)
    made.ping(3.0, "host-99", "host-98", "B", 2, lost=False)
    return made


def found(made: HandMade, capture: Capture | None = None) -> list[tuple[str, str, str, str]]:
    sent = sent_packets(capture or made.capture(), made.facts, made.lab)
    return sorted((one.sender, one.receiver, one.network, one.packet) for one in sent)


def test_what_entered_a_switch_was_sent_delivered_or_not() -> None:
    assert found(captured()) == [
        ("host-98", "gateway", "A", PING),
        ("host-98", "host-99", "A", "Heartbeat"),
        ("host-98", "host-99", "B", "Heartbeat"),
        ("host-99", "host-98", "B", PING),
    ]


def test_a_datagram_that_no_agent_would_accept_is_left_out() -> None:
    made = captured()
    made.facts = msgspec.structs.replace(made.facts, key="00" * 32)
    assert [kind for *_, kind in found(made)] == [PING, PING]


def test_a_capture_with_gaps_shows_nothing() -> None:
    """From what it does not hold, it would follow that nothing was sent."""
    made = captured()
    assert found(made, msgspec.structs.replace(made.capture(), dropped=1)) == []
    assert found(made, msgspec.structs.replace(made.capture(), full_ns=1)) == []
