"""The outcome of one run: which kinds of false failover its history shows, and when each began. Pure.

This module decides what counts; how often it comes about, and how sure that is, is left to `share.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from herzschlag.history.records import SECOND, History, Record

KINDS = {
    "role": "a role changed",
    "isolated": "a host was isolated",
    "partitioned": "a host was taken for partitioned",
    "dead": "a host was taken for dead",
    "stopped": "a VM was stopped",
    "restarted": "a VM was restarted elsewhere",
}
"""Kind to what it says of a run, from the harmless to what a user of a VM notices."""

_OPINIONS = {
    "networkIsolated": "isolated",
    "networkPartitionedFromMaster": "partitioned",
    "hostDown": "dead",
}


def begin_ns(history: History) -> int:
    """When the first fault of the run was in force."""
    return next(record.at_ns for record in history.of_kind("fault") if record.get("phase") == "begin")


def kinds_seen(history: History) -> dict[str, float]:
    """Each kind that the run shows, in the order of KINDS, with its first instant in seconds after the first fault."""
    since_ns = begin_ns(history)
    first: dict[str, float] = {}
    for record in history:
        kind = _kind_of(record) if record.at_ns > since_ns else None
        if kind is not None:
            first.setdefault(kind, round((record.at_ns - since_ns) / SECOND, 2))
    return {kind: first[kind] for kind in KINDS if kind in first}


def _kind_of(record: Record) -> str | None:
    """What the record says of a cluster in which nothing may happen. vCenter repeats what a master told it, and a host
    that comes back is `election` for a moment, so neither counts."""
    match record.kind:
        case "role":
            return "role"
        case "host-state" if record.node != "vcenter":
            return _OPINIONS.get(str(record.get("to")))
        case "isolation" if record.get("phase") == "declared":
            return "isolated"
        case "vm" if record.get("from") == "on":
            return "stopped"
        case "restart" if record.get("phase") == "ordered":
            return "restarted"
        case _:
            return None


def replaced_after_s(history: History, master: str) -> float | None:
    """How long after the first fault another host than `master` leads; None: it never does."""
    since_ns = begin_ns(history)
    for record in history.of_kind("role"):
        if record.at_ns > since_ns and record.node != master and record.get("to") == "master":
            return round((record.at_ns - since_ns) / SECOND, 2)
    return None


def settled_after_s(history: History) -> float | None:
    """How long after the first fault the last role, or a master's last opinion of a host, changed; None: none did."""
    since_ns = begin_ns(history)
    changes = [*history.of_kind("role"), *(r for r in history.of_kind("host-state") if r.node != "vcenter")]
    last_ns = max((record.at_ns for record in changes), default=0)
    return round((last_ns - since_ns) / SECOND, 2) if last_ns > since_ns else None


def two_masters_s(history: History, since_ns: int) -> float:
    """For how long, from `since_ns` on, two hosts or more were master at once."""
    shared_ns = sum(end - max(begin, since_ns) for begin, end in _shared_reigns(history) if end > since_ns)
    return round(shared_ns / SECOND, 3)


def _shared_reigns(history: History) -> Iterator[tuple[int, int]]:
    masters: set[str] = set()
    since_ns = 0
    for record in history.of_kind("role"):
        shared = len(masters) > 1
        (masters.add if record.get("to") == "master" else masters.discard)(record.node)
        if shared and len(masters) < 2:
            yield since_ns, record.at_ns
        elif not shared and len(masters) > 1:
            since_ns = record.at_ns
    if len(masters) > 1:
        yield since_ns, history.end_ns
