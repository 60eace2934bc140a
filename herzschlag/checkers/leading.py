"""From when on a host leads the VMs of a datastore: as a master after its delay, holding the datastore's list.

This module decides when a master may restart a VM (1.2, 1.5 [YB-OWN]), and how much time some master had for it: while
all hosts are isolated, or an election goes on, no host can decide about it.
"""

from __future__ import annotations

from itertools import pairwise

from herzschlag.checkers.rules.list_owners import protected_lists
from herzschlag.checkers.rules.lock_holders import holds_of
from herzschlag.checkers.truth import Truth
from herzschlag.history.records import Record


def leads_since(host: str, datastore: str, at_ns: int, truth: Truth) -> int | None:
    """From when on the host is a master that may restart VMs of the datastore; None: it is none."""
    won = truth.history.last("role", at_ns, node=host, to="master")
    owns_ns = owns_since(host, datastore, at_ns, truth)
    if won is None or owns_ns is None:
        return None
    return max(won.at_ns + truth.timers.restart_delay_ns, owns_ns)


def owns_since(host: str, datastore: str, at_ns: int, truth: Truth) -> int | None:
    """From when on the host is the master that is responsible for the VMs of the datastore, because it holds its list;
    None: it is not."""
    if truth.role(host, at_ns) != "master":
        return None
    lists = dict(protected_lists(truth.history))
    if datastore not in lists:
        return None
    holds = [
        h for h in holds_of(truth, datastore, lists[datastore]) if h.host == host and h.begin_ns <= at_ns < h.end_ns
    ]
    return holds[-1].begin_ns if holds else None


def same_reign(written: Record, at_ns: int, truth: Truth) -> bool:
    """Whether the master that wrote this has led without a break until then."""
    won = truth.history.last("role", at_ns, node=written.node)
    return won is not None and won.at_ns <= written.at_ns and truth.role(written.node, at_ns) == "master"


def led_until(datastore: str, from_ns: int, length_ns: int, truth: Truth) -> int:
    """When, from then on, living masters have led the VMs of the datastore for this time in all; the end of the run
    where that is later."""
    changes = {record.at_ns for kind in ("role", "lock") for record in truth.history.of_kind(kind)}
    changes |= {segment.begin_ns for segment in truth.segments}
    instants = [from_ns, *sorted(at_ns for at_ns in changes if from_ns < at_ns < truth.end_ns), truth.end_ns]
    left_ns = length_ns
    for begin_ns, end_ns in pairwise(instants):
        segment = truth.segment_at(begin_ns)
        since = [
            since_ns
            for host in truth.lab.moids
            if truth.agent_works(host, segment)
            and (since_ns := leads_since(host, datastore, begin_ns, truth)) is not None
            and since_ns < end_ns
        ]
        led_ns = end_ns - max(begin_ns, min(since)) if since else 0
        if led_ns >= left_ns:
            return end_ns - (led_ns - left_ns)
        left_ns -= led_ns
    return truth.end_ns
