"""Datastores through which a host can show that it lives: where its heartbeat may be, by the user's choice."""

from __future__ import annotations

from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth


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
