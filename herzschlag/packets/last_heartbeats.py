"""The last heartbeats before each fault of a run, from its packets.

This module decides when the capture shows them: a heartbeat counts when the switch gave it to its receiver's link and
its tag is right, and one that was recorded before and is sent again does not. A capture that lost packets, or was full
by then, shows nothing. It leaves which of them are recorded to `history/heartbeats.py`. Only packets shortly before
faults are looked into, because verifying all of a long run takes a while.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec

from herzschlag.agents.protocol.messages import Heartbeat
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.heartbeats import RECENT_INTERVALS, Arrival, last_heartbeats
from herzschlag.history.kinds import LastHeartbeat
from herzschlag.history.records import History
from herzschlag.packets import foreign_heartbeats
from herzschlag.packets.passages import Passage, passages
from herzschlag.systems.model import Heartbeats
from herzschlag.topo.capture import pcapng
from herzschlag.topo.spec import TopologySpec

IN_FLIGHT_NS = 20_000_000
"""Real time for which a heartbeat may have been under way when the fault began: on a busy machine the switch gives it
to its receiver's link a moment later, past the place where the fault stops packets. The next one is not due by then."""


def before_faults(
    capture: pcapng.Capture,
    facts: CaptureFacts,
    history: History,
    lab: TopologySpec,
    interval_ns: int,
    *,
    foreign: Heartbeats | None = None,
    by_network: bool = False,
) -> list[LastHeartbeat]:
    """What is to be recorded of the faults in this history. `interval_ns`: of heartbeats, protocol time. `foreign`:
    what the heartbeats look like where they are not the modelled agents'. `by_network`: the last on each."""
    if capture.dropped:
        return []
    packets = sorted(capture.packets, key=lambda packet: packet.at_ns)
    times = [packet.at_ns for packet in packets]
    found: list[LastHeartbeat] = []
    for fault in history.where("fault", phase="begin"):
        until_ns = facts.wall_ns(fault.at_ns) + int(fault.get("took_ns") or 0) + IN_FLIGHT_NS
        if capture.full_ns is not None and capture.full_ns <= until_ns:
            continue
        from_ns = facts.wall_ns(fault.at_ns - RECENT_INTERVALS * interval_ns)
        near = tuple(packets[bisect_left(times, from_ns) : bisect_right(times, until_ns)])
        if foreign is not None:
            came = foreign_heartbeats.arrivals(capture, near, facts, lab, foreign)
        else:
            seen = passages(msgspec.structs.replace(capture, packets=near, full_ns=None), facts, lab)
            came = arrivals(seen.packets, lab)
        found += last_heartbeats(str(fault.get("id")), fault.at_ns, came, interval_ns, by_network=by_network)
    return found


def arrivals(packets: Iterable[Passage], lab: TopologySpec) -> list[Arrival]:
    """Heartbeats between hosts that arrived and were news to their receiver."""
    hosts = frozenset(lab.moids)
    newest: dict[tuple[str, str, str], tuple[int, int]] = {}
    found = []
    for left_ns, packet in sorted(((p.left_ns, p) for p in packets if p.left_ns is not None), key=lambda item: item[0]):
        message, receiver = packet.message, packet.destination
        if not isinstance(message, Heartbeat) or receiver not in hosts:
            continue
        way, number = (packet.network, message.sender, receiver), (message.boot, message.sequence)
        if number > newest.get(way, (0, -1)):
            newest[way] = number
            found.append(Arrival(left_ns, message.sender, receiver, packet.network))
    return found
