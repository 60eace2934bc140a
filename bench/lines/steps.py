"""Steps of scenarios that the sweeps have in common: what repeats, what is drawn. Pure: the seed decides."""

from __future__ import annotations

import random
from collections.abc import Sequence

from herzschlag.faults import Cut, Fault
from herzschlag.scenarios.model import Step
from herzschlag.topo.spec import DirectedLink

BEGIN_S = 2.0
"""The first step, after the cluster is ready."""
BAD_S = 120.0
"""How long lines are bad: six times the time in which a dead host is noticed and its VMs are restarted."""


def flapping(fault: Fault, name: str, period_s: float, share: float, phase: float) -> tuple[Step, ...]:
    """The fault comes and goes for BAD_S: for `share` of each period it is there. `phase` (0 to 1): how far into a
    period the first step is."""
    long_s = period_s * share
    starts = [BEGIN_S + (k - phase) * period_s for k in range(1 + int(BAD_S / period_s))]
    return tuple(
        Step(at_s=round(at_s, 3), fault=fault, id=f"{name}-{k}", for_s=round(long_s, 3))
        for k, at_s in enumerate(starts)
        if at_s >= BEGIN_S
    )


def stuttering(links: Sequence[Sequence[DirectedLink]], loss: float, draw: random.Random) -> tuple[Step, ...]:
    """In each second, each group of links loses everything with the probability `loss`; links of a group share their
    fate."""
    steps = []
    for second in range(int(BAD_S)):
        lost = tuple(link for group in links if draw.random() < loss for link in group)
        if lost:
            steps.append(Step(at_s=BEGIN_S + second, fault=Cut(links=lost), id=f"second-{second}", for_s=1.0))
    return tuple(steps)
