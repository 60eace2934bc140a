"""What hosts know of maintenance mode and of host monitoring: vCenter tells them, once it runs and reaches them.

This module decides from when to when a host takes itself to be in maintenance mode, and some host takes monitoring to
be off: a wish that comes while vCenter is down, or cannot reach the host, takes effect later, and so does its end.
While hosts know different things of maintenance, masters may differ, and nothing is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from herzschlag.checkers.segments import Segment
from herzschlag.faults import primitives as p
from herzschlag.topo.spec import VCENTER, TopologySpec

UNMONITORED = p.Reconfigured("host_monitoring", False)


def as_told(segments: Iterable[Segment], lab: TopologySpec) -> tuple[Segment, ...]:
    """The same stretches, with maintenance mode in force where the host itself knows of it, and monitoring off where
    any host does."""
    segments = tuple(segments)
    if not any(isinstance(c, p.Maintenance) or c == UNMONITORED for segment in segments for c in segment.conditions):
        return segments
    known: dict[str, frozenset[str]] = dict.fromkeys(lab.moids, frozenset())
    unmonitored: set[str] = set()
    doubtful: set[str] = set()
    """Who may have been told, because vCenter was lost to it in the instant of the wish."""
    before, heard_before = Segment(0, 0, frozenset()), set(lab.moids)
    found = []
    for segment in segments:
        wanted = segment.resting
        reached, heard = _reached(segment, lab), set(_reached(segment, lab, both_ways=False))
        lost = heard_before.difference(reached)
        if wanted != before.resting:
            doubtful |= lost
        doubtful -= set(reached)
        if UNMONITORED in segment.conditions - before.conditions:
            unmonitored |= lost
        before, heard_before = segment, heard
        known |= dict.fromkeys(reached, wanted)
        if UNMONITORED in segment.conditions:
            unmonitored |= heard
        else:
            unmonitored -= set(reached)
        resting: set[p.AnyCondition] = {p.Maintenance(host) for host in lab.moids if host in known[host]}
        resting |= {UNMONITORED} if unmonitored else set()
        others = {c for c in segment.conditions if not isinstance(c, p.Maintenance) and c != UNMONITORED}
        disagreed = any(known[h] != wanted or h in doubtful for h in lab.moids if p.PowerOff(h) not in others)
        found.append(msgspec.structs.replace(segment, conditions=frozenset(others | resting), disagreed=disagreed))
    return tuple(found)


def _reached(segment: Segment, lab: TopologySpec, *, both_ways: bool = True) -> list[str]:
    """The hosts that vCenter tells. An order names the newest datagram that it answers, so a host that vCenter does not
    hear takes the next one or two, and no more: `both_ways` asks who takes them for sure, otherwise who may."""
    conditions = segment.conditions
    if p.VcenterDown() in conditions or p.PowerOff(VCENTER) in conditions:
        return []
    stops = segment.stops

    def reaches(host: str) -> bool:
        return any(
            stops.passes(net, VCENTER, host, "8182") and (not both_ways or stops.passes(net, host, VCENTER, "8182"))
            for net in lab.networks
        )

    return [host for host in lab.moids if host not in segment.without_agent and reaches(host)]
