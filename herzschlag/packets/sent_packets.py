"""The packets that nodes sent in a run, from its capture.

This module decides when the capture can say it: one that lost packets, or was full before the end, shows nothing, and
what it did not keep was perhaps sent. It leaves counting to `history/sent.py`. Datagrams that no agent would accept and
answers to pings are left out.
"""

from __future__ import annotations

from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.sent import PING, SentPacket
from herzschlag.packets.passages import passages
from herzschlag.topo.capture import pcapng
from herzschlag.topo.spec import TopologySpec


def sent_packets(capture: pcapng.Capture, facts: CaptureFacts, lab: TopologySpec) -> list[SentPacket]:
    """Every datagram and echo request that entered a switch."""
    if capture.dropped or capture.full_ns is not None:
        return []
    return [
        SentPacket(one.entered_ns, one.source, one.destination, one.network, one.kind)
        for one in passages(capture, facts, lab).packets
        if one.message is not None or one.kind == PING
    ]
