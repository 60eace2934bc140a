"""A virtual address is held by one host of those that reach each other, once they have had time to settle.

This module decides by what the hosts' kernels said, never by what the system says of itself: a log may lie. A host that
is frozen, or whose programs are dead, still counts, because its kernel answers for the address. Where hosts do not all
reach each other both ways, or one of them is heard by another group, more than one may rightly hold it, and nothing is
judged. Of a system that needs a majority of all hosts, a group without one holds it nowhere.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "one-holder"


def _check(history: History, scenario: Scenario) -> Finding:
    system = scenario.cluster.foreign()
    if system is None or not system.address:
        return finding(NAME, (), good="", nothing="there is no virtual address")
    told = history.where("holds", address=system.address)
    if not told:
        return unknown(NAME, f"no kernel ever said anything of {system.address}")
    truth = Truth.of(history, scenario)
    (ready,) = history.of_kind("ready")[:1]
    held_from = len(truth.lab.moids) // 2 + 1 if system.majority else 1
    details = []
    for segment in truth.segments:
        settled_ns = segment.begin_ns + round(system.settle_s * SECOND)
        from_ns = ready.at_ns if segment is truth.segments[0] else settled_ns
        if segment.end_ns <= from_ns or truth.impaired(segment):
            continue
        for group in _groups(truth, segment):
            span = (from_ns, segment.end_ns)
            details.append(_judge(group, span, told, truth, 1 if len(group) >= held_from else 0))
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'settled group')}, {system.address} on one host each"
        + (" that has a majority" if held_from > 1 else ""),
        nothing="no group of hosts had the time to settle",
    )


def _groups(truth: Truth, segment: Segment) -> list[tuple[str, ...]]:
    """Hosts with power that all reach each other, and are in no way linked to any other."""
    left = [host for host in truth.lab.moids if truth.powered(host, segment)]
    found = []
    while left:
        group = {left[0]}
        while near := {a for a in left if a not in group and any(_heard(truth, segment, a, b) for b in group)}:
            group |= near
        left = [host for host in left if host not in group]
        if all(truth.linked(a, b, segment) for a in group for b in group if a < b):
            found.append(tuple(sorted(group)))
    return found


def _heard(truth: Truth, segment: Segment, a: str, b: str) -> bool:
    return truth.hears(a, b, segment) or truth.hears(b, a, segment)


def _judge(group: tuple[str, ...], span: tuple[int, int], told: list[Record], truth: Truth, allowed: int) -> Detail:
    """Look at the beginning and at the end of a span of time, and at every change between."""
    from_ns, end_ns = span
    changes = [r.at_ns for r in told if r.node in group and from_ns < r.at_ns < end_ns]
    for at_ns in (from_ns, *changes, end_ns - 1):
        last = {host: _last(told, host, at_ns, truth) for host in group}
        holders = sorted(host for host, record in last.items() if record is not None and record.get("to") == "held")
        if len(holders) != allowed:
            who = " and ".join(holders) or "no host"
            evidence = tuple(record.seq for record in last.values() if record is not None)
            because = f"{who} held it at {truth.told(at_ns)}"
            return Detail(name=", ".join(group), verdict="violated", because=because, evidence=evidence)
    return Detail(name=", ".join(group), verdict="holds", because="one host held it" if allowed else "no host held it")


def _last(told: list[Record], host: str, at_ns: int, truth: Truth) -> Record | None:
    """What the host's kernel said last in its present life: a host that lost power has no address any more."""
    found = [record for record in told if record.node == host and record.at_ns <= at_ns]
    if not found:
        return None
    off = [span.begin_ns for span in truth.spans if not truth.powered(host, truth.segment_at(span.begin_ns))]
    return None if any(found[-1].at_ns < lost_ns <= at_ns for lost_ns in off) else found[-1]


CHECKER = Checker(NAME, ("ready",), _check)
