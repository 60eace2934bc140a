"""Datastores through which a host can show that it lives: where its heartbeat may be, by the user's choice."""

from __future__ import annotations

from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.faults import primitives as p

CHOSEN = 2
"""Heartbeat datastores that vCenter chooses for a host unless das.heartbeatDsPerHost says otherwise (5 [DD-F])."""


def heartbeat_datastores(host: str, truth: Truth) -> list[str]:
    """Those of the host that the cluster's settings permit; none where datastore heartbeats are switched off."""
    chosen = truth.scenario.cluster.heartbeat_datastores
    return [d.name for d in truth.lab.datastores_of(host) if chosen is None or d.name in chosen]


def shows_heartbeat(host: str, other: str, segment: Segment, truth: Truth) -> list[str]:
    """Of these, those that the host writes and the other one reads."""
    seen = {d.name for d in truth.lab.datastores_of(other)}
    return [
        name
        for name in heartbeat_datastores(host, truth)
        if name in seen and truth.reaches_storage(host, segment, name) and truth.sees_storage(other, segment, name)
    ]


def may_show_nothing(host: str, other: str, segment: Segment, truth: Truth) -> str:
    """Why it is not known whether the other one sees the host's heartbeat; empty: it is known. vCenter chose some of
    the host's datastores, no other node can choose others, and it must reach the host to say so."""
    names, shown = heartbeat_datastores(host, truth), shows_heartbeat(host, other, segment, truth)
    told = truth.vcenter_reaches(host, segment)
    if shown and _without_heartbeats(host, segment, truth):
        return "it is cut off, and was told no heartbeat datastore since it lost all of them"
    if shown and not told and len(names) - len(shown) >= CHOSEN:
        return (
            "it is cut off, and the datastores that were chosen for its heartbeat may be out of reach, and vCenter"
            " cannot choose others"
        )
    mounted = _mounted_by_both(host, other, segment, truth)
    if shown and sum(name in mounted and name not in shown for name in names) >= CHOSEN:
        return "it is cut off, and its heartbeat may be on datastores that vCenter keeps, and that do not show it"
    read_only = {c.datastore for c in segment.conditions if isinstance(c, p.StorageLost) and c.access == "read-only"}
    if not shown and any(name in read_only and truth.reaches_storage(host, segment, name) for name in names):
        return "it is cut off, and its heartbeat is on a datastore that can be read, and not be written"
    return ""


def _mounted_by_both(host: str, other: str, segment: Segment, truth: Truth) -> set[str]:
    """Those that vCenter has no reason to replace, though one of the two may not write there, or reads too slowly or
    what was there before (5, table of accesses)."""
    lost = (c for c in segment.conditions if isinstance(c, p.StorageLost) and c.access in ("apd", "pdl"))
    return {d.name for d in truth.lab.datastores_of(other)} - {c.datastore for c in lost if c.host in (host, other)}


def _without_heartbeats(host: str, segment: Segment, truth: Truth) -> bool:
    """Whether the host had lost all datastores when vCenter last reached it. None is chosen for its heartbeat then, and
    vCenter cannot tell it yet that they are back (fact sheet 1.1, 5)."""
    names = heartbeat_datastores(host, truth)
    told = [s for s in truth.segments if s.begin_ns <= segment.begin_ns and truth.vcenter_reaches(host, s)]
    return bool(told) and not any(truth.reaches_storage(host, told[-1], name) for name in names)
