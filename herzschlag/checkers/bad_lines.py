"""How much a bad line loses, by the conditions in force: the most that it may lose at any time of a stretch."""

from __future__ import annotations

from herzschlag.checkers.segments import Segment
from herzschlag.faults import primitives as p


def loses(src: str, dst: str, network: str, segment: Segment) -> float:
    """The largest share of packets that a bad line from one to the other loses for some time."""
    found = [0.0]
    for one in segment.conditions:
        if isinstance(one, p.Impaired) and (one.network, one.src, one.dst) == (network, src, dst):
            becomes = dict(one.to)
            found += [one.loss, one.corrupt, becomes.get("loss", 0.0), becomes.get("corrupt", 0.0)]
            found += [one.burst_loss if one.burst_packets else 0.0, 1.0 if one.flap_period_s else 0.0]
    return max(found)
