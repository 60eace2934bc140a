"""Beliefs: each observer's opinion of each host, compared with the truth.

This module decides which opinions are right in which circumstances, and that a wrong one is `late` while the observer
cannot know better yet: within the published detection time after the circumstances changed. It leaves judging to the
checkers: this is for display. An observer that is a host has opinions only while it is a master; vCenter has those of
the master it follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from herzschlag.checkers.segments import Segment
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND
from herzschlag.languages import N_
from herzschlag.report.model import Fact, Model
from herzschlag.topo.spec import GATEWAY, VCENTER

LATE_NS = 65 * SECOND
"""Isolation is known last: declared at 30 s, read from a file that is polled every 30 s, and told to vCenter."""

ROLES = {"master": N_("a master"), "election": N_("in an election")}
CUT_OFF = {"master": N_("a master, cut off"), "election": N_("in an election, cut off")}
WELL = ("up, reaches its master", "a master", "in an election", "not yet in the cluster")
"""States of a host in good order."""

Views = tuple[str, frozenset[str]]
"""(the truth in a few words, the opinions that are right)"""


class Judged(msgspec.Struct, frozen=True):
    """A stretch of one observer's opinion of one host."""

    begin_ns: int
    end_ns: int
    host: str
    believed: str
    so: str
    """The truth, in a few words."""
    judgement: str
    """right, late, wrong"""
    seq: int | None


def fact(model: Model, host: str, segment: Segment, masters: tuple[str, ...], role: str) -> Views:
    """The truth about a host, and the opinions that a master among `masters` may rightly have of it."""
    truth = model.truth
    if not truth.powered(host, segment):
        return N_("no power"), frozenset({"hostDown"})
    if p.Frozen(host) in segment.conditions:
        return N_("frozen"), frozenset({"hostDown", "fdmUnreachable"})
    if p.Maintenance(host) in segment.conditions:
        return N_("in maintenance"), frozenset({"uninitialized"})
    if not truth.agent_works(host, segment):
        return N_("agent dead, host up"), frozenset({"fdmUnreachable", "uninitialized", "hostDown"})
    others = [node for node in model.hosts if node != host and truth.agent_works(node, segment)]
    alone = bool(others) and not any(truth.hears(host, other, segment) for other in others)
    pings = any(truth.answers(host, model.lab.address(GATEWAY, net), segment) for net in model.lab.networks)
    if role == "uninitialized":
        return N_("not yet in the cluster"), frozenset({"uninitialized", "election", "fdmUnreachable"})
    if role in ("master", "election"):
        own = frozenset({"master", "election", "networkPartitionedFromMaster"})
        if alone:
            return CUT_OFF[role], own | ({"fdmUnreachable"} if pings else {"networkIsolated"})
        return ROLES[role], own | {"connectedToMaster"}
    if any(truth.linked(host, master, segment) for master in masters if master != host):
        return N_("up, reaches its master"), frozenset({"connectedToMaster"})
    if alone and not pings:
        return N_("up, cut off from everyone"), frozenset({"networkIsolated"})
    if alone:
        return N_("up, alone, reaches the gateway"), frozenset({"networkPartitionedFromMaster", "fdmUnreachable"})
    return N_("up, cut off from its master"), frozenset({"networkPartitionedFromMaster", "fdmUnreachable"})


def facts(model: Model, host: str, observer: str) -> tuple[Fact, ...]:
    """The truth about a host, over time, as this observer should see it."""
    key = (host, observer if observer in model.roles else VCENTER)
    if key not in model.facts:
        model.facts[key] = tuple(_facts(model, *key))
    return model.facts[key]


def _facts(model: Model, host: str, observer: str) -> Iterator[Fact]:
    reigns = {at for s in model.reigns for at in (s.begin_ns, s.end_ns)}
    marks = {0, model.end_ns, *(s.begin_ns for s in model.truth.segments), *(s.begin_ns for s in model.roles[host])}
    if observer == VCENTER:
        marks |= reigns
    open_fact: Fact | None = None
    for begin, end in pairwise(sorted(marks)):
        masters = (observer,) if observer != VCENTER else model.masters_at(begin)
        so, right = fact(model, host, model.truth.segment_at(begin), masters, model.role_at(host, begin))
        if open_fact is not None and (open_fact.so, open_fact.right) == (so, right):
            open_fact = msgspec.structs.replace(open_fact, end_ns=end)
            continue
        if open_fact is not None:
            yield open_fact
        open_fact = Fact(begin, end, so, right)
    if open_fact is not None:
        yield open_fact


def judge(model: Model, observer: str) -> tuple[Judged, ...]:
    """Every opinion of this observer, cut where the truth changes."""
    found: list[Judged] = []
    for (who, host), opinions in model.opinions.items():
        if who != observer or host not in model.roles:
            continue
        for so in facts(model, host, observer):
            for opinion in opinions:
                low, high = max(so.begin_ns, opinion.begin_ns), min(so.end_ns, opinion.end_ns)
                if low >= high:
                    continue
                if opinion.state in so.right:
                    found.append(Judged(low, high, host, opinion.state, so.so, "right", opinion.seq))
                    continue
                # An opinion is wrong only once there was time enough to know better.
                turn = min(max(so.begin_ns + LATE_NS, low), high)
                if low < turn:
                    found.append(Judged(low, turn, host, opinion.state, so.so, "late", opinion.seq))
                if turn < high:
                    found.append(Judged(turn, high, host, opinion.state, so.so, "wrong", opinion.seq))
    return tuple(sorted(_merged(found), key=lambda j: (j.begin_ns, j.host)))


def _merged(found: list[Judged]) -> list[Judged]:
    """Join neighbours that say the same."""
    joined: list[Judged] = []
    for item in sorted(found, key=lambda j: (j.host, j.begin_ns)):
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.host, last.believed, last.so, last.judgement)
            == (item.host, item.believed, item.so, item.judgement)
            and last.end_ns == item.begin_ns
        ):
            joined[-1] = msgspec.structs.replace(last, end_ns=item.end_ns)
        else:
            joined.append(item)
    return joined


def observers(model: Model) -> tuple[str, ...]:
    """Every node that ever had an opinion: hosts in the order of the lab, then vCenter."""
    seen = {who for who, _ in model.opinions}
    return tuple(node for node in (*model.hosts, VCENTER) if node in seen)
