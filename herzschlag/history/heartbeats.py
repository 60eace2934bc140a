"""The last heartbeats before a fault: which of all that arrived are worth a record.

This module decides that for both backends, which must agree: of each host to each other the last one, by whichever
network it came, unless it is so old that the one did not send heartbeats to the other any more. It leaves finding
arrivals to the simulated network and to `packets/last_heartbeats.py`, and what counts from them to
`checkers/origin.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from herzschlag.history.kinds import LastHeartbeat

RECENT_INTERVALS = 3
"""Heartbeat intervals before a fault: a host that is silent for longer is silent for another reason."""


class Arrival(NamedTuple):
    """A heartbeat that a host was given."""

    at_ns: int
    """Protocol time."""
    sender: str
    receiver: str
    network: str


def last_heartbeats(
    fault_id: str, began_ns: int, arrivals: Iterable[Arrival], interval_ns: int, *, by_network: bool = False
) -> tuple[LastHeartbeat, ...]:
    """Of the arrivals until a fault that began at `began_ns`, those to be recorded, by sender and receiver.
    `by_network`: the last one on each network, for a system that has an opinion of each."""
    last: dict[tuple[str, str, str], Arrival] = {}
    for one in sorted(arrivals):
        if one.at_ns >= began_ns - RECENT_INTERVALS * interval_ns:
            last[one.sender, one.receiver, one.network if by_network else ""] = one
    return tuple(
        LastHeartbeat(id=fault_id, sender=sender, receiver=receiver, network=one.network, arrived_ns=one.at_ns)
        for (sender, receiver, _), one in sorted(last.items())
    )
