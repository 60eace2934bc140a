"""Traffic of a run for its report: the datagrams, from its capture.

This module decides what a report keeps of a packet: when it was sent, whether it was delivered, its two nodes. It
leaves reading captures and telling delivered packets from dropped ones to `herzschlag.packets`. A run without a usable
capture has no datagrams, and says why: that is never an error here.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.records import History
from herzschlag.languages import N_
from herzschlag.packets.confirm import Confirmation, confirm_timeline
from herzschlag.packets.passages import CaptureError, Passages, read_passages
from herzschlag.scenarios.model import Scenario

NO_CAPTURE = N_("This run has no packet capture")


class Datagram(msgspec.Struct, frozen=True, gc=False):
    """One packet on its way from one node to another."""

    sent_ns: int
    """Protocol time at which it entered the switch."""
    arrived_ns: int | None
    """When the switch gave it to its destination; None: never."""
    network: str
    source: str
    destination: str
    kind: str
    """Name of the message: Heartbeat, Election, ...; `Ping` for an echo request."""


class Traffic(msgspec.Struct, frozen=True):
    """All datagrams, by time; or the reason why there are none."""

    datagrams: tuple[Datagram, ...] = ()
    missing: str = ""
    """Empty when there is a capture; else a sentence without its full stop."""
    confirmed: dict[str, Confirmation] = {}
    """Per published instant: the packet by which it shows on the wire."""
    dropped: int = 0
    """Packets that were too fast for the recorder."""

    def of_kind(self, *kinds: str) -> list[Datagram]:
        return [d for d in self.datagrams if d.kind in kinds]


def read_traffic(directory: Path, history: History, scenario: Scenario) -> Traffic:
    """Never raises: a capture that cannot be used is one that is missing."""
    if not (directory / CAPTURE_FILE).is_file():
        return Traffic(missing=NO_CAPTURE)
    try:
        passages = read_passages(directory, scenario.cluster.topology())
    except CaptureError as error:
        return Traffic(missing=f"The capture cannot be used ({error})")
    return traffic(passages, history, scenario)


def traffic(passages: Passages, history: History, scenario: Scenario) -> Traffic:
    nodes = set(scenario.cluster.topology().nodes)
    return Traffic(
        datagrams=tuple(
            Datagram(p.entered_ns, p.left_ns, p.network, p.source, p.destination, p.kind)
            for p in passages.packets
            if p.source in nodes and p.destination in nodes
        ),
        confirmed={found.name: found for found in confirm_timeline(passages, history, scenario)},
        dropped=passages.dropped,
    )
