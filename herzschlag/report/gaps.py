"""Gaps between heartbeats, from the capture: the data of a histogram.

This module decides that a gap lies between two arrivals at one receiver from one sender on one network, and how gaps
are put into bins. Without a capture there are none, and the report says so.
"""

from __future__ import annotations

from itertools import pairwise

from herzschlag.history.records import SECOND
from herzschlag.report.traffic import Traffic

BINS = 60


def gaps_s(traffic: Traffic) -> dict[str, list[float]]:
    """Per network, every gap in protocol seconds."""
    arrivals: dict[tuple[str, str, str], list[int]] = {}
    for beat in traffic.of_kind("Heartbeat"):
        if beat.arrived_ns is not None:
            arrivals.setdefault((beat.network, beat.source, beat.destination), []).append(beat.arrived_ns)
    found: dict[str, list[float]] = {}
    for (network, _, _), times in sorted(arrivals.items()):
        found.setdefault(network, []).extend((b - a) / SECOND for a, b in pairwise(sorted(times)))
    return found


def histogram(gaps: dict[str, list[float]]) -> dict[str, object]:
    """Equal bins from 0 to the longest gap: edges once, counts per network."""
    longest = max((gap for listed in gaps.values() for gap in listed), default=0.0)
    width = max(longest / BINS, 0.001)
    counts = {network: [0] * (BINS + 1) for network in gaps}
    for network, listed in gaps.items():
        for gap in listed:
            counts[network][min(BINS, int(gap / width))] += 1
    return {"width": width, "counts": counts, "total": sum(len(listed) for listed in gaps.values())}
