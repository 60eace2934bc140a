"""Packets that come twice are refused the second time.

This module decides that an agent to which the network doubles packets records that it refused about as many. An
attacker could repeat a dead host's heartbeats and keep it alive if copies were accepted.
"""

from __future__ import annotations

from herzschlag.checkers.bad_lines import loses
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "replays"

COPIES_MIN = 10
"""Number of copies that must have been sent before their absence means anything, at one packet a second and link."""
REFUSED_SHARE = 0.25
"""Of the copies, at least this share must be refused: which packets come twice is random, and some of them are lost."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = []
    for host in truth.lab.moids:
        others = frozenset(truth.lab.moids) - {host}
        copies = sum(
            _copies(host, span.primitives, segment, others, truth)
            for span in truth.spans
            for segment in truth.segments
            if span.begin_ns <= segment.begin_ns < span.end_ns
        )
        if copies < COPIES_MIN or not all(truth.agent_works(host, s) for s in truth.segments):
            continue
        refused = history.where("dropped", node=host, reason="replayed")
        evidence = tuple(record.seq for record in refused[:3])
        told = max((int(record.get("count") or 0) for record in refused), default=0)
        fewer = 2 * told  # the 1st, 2nd, 4th, 8th, ... is written
        if fewer > REFUSED_SHARE * copies:
            because = f"refused copies from {truth.told(refused[0].at_ns)} on"
            details.append(Detail(name=host, verdict="holds", because=because, evidence=evidence))
        else:
            because = f"about {copies:.0f} packets came twice, and it refused none"
            if told:
                because = f"about {copies:.0f} packets came twice, and it refused fewer than {fewer}"
            details.append(Detail(name=host, verdict="violated", because=because, evidence=evidence))
    return finding(
        NAME, details, good=f"{counted(len(details), 'agent')} refused what came twice", nothing="no packets came twice"
    )


def _copies(
    host: str, primitives: tuple[p.Primitive, ...], segment: Segment, others: frozenset[str], truth: Truth
) -> float:
    """How many copies by this fault came to the host at least. Slaves and their master talk each second over each
    network, two slaves do not: so only a fault that doubles what comes from everyone counts, where all of them have
    agents that work, and it comes at all."""
    found = 0.0
    for network in truth.lab.networks:
        share = {
            c.src: c.duplicate
            for c in primitives
            if isinstance(c, p.Impaired)
            and (c.network, c.dst) == (network, host)
            and truth.passes(network, c.src, host, segment, "8182")
            and truth.agent_works(c.src, segment)
        }
        if others <= share.keys():
            found += min(share[other] * (1 - loses(other, host, network, segment)) for other in others)
    return found * (min(segment.end_ns, truth.end_ns) - segment.begin_ns) / SECOND


CHECKER = Checker(NAME, ("fault",), _check)
