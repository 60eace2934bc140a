"""Hosts that say that they are quorate agree on the members, once they have had time to settle: else two sides would
both go on working, or one would count on a member that is not there.

This module decides that it is so whatever is cut: two majorities of one set of hosts have a host in common, so two
different quorate views are never both right. So each member of such a view, quorate or not, must have the same one. A
host that is frozen, off, or whose programs are dead says nothing, and is a member of none. While lines are bad nothing
is settled.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "one-view"
_QUORATE = ("master", "slave")


def _check(history: History, scenario: Scenario) -> Finding:
    system = scenario.cluster.foreign()
    if system is None or not system.has_views:
        return finding(NAME, (), good="", nothing="no host says who the members are")
    if not history.of_kind("view"):
        return unknown(NAME, "no host ever said who the members are")
    truth = Truth.of(history, scenario)
    (ready,) = history.of_kind("ready")[:1]
    details = []
    for segment in truth.segments:
        settled_ns = segment.begin_ns + round(system.settle_s * SECOND)
        from_ns = ready.at_ns if segment is truth.segments[0] else settled_ns
        if from_ns < segment.end_ns and not truth.impaired(segment):
            details.append(_judge(segment, from_ns, truth))
    good = f"in {counted(len(details), 'settled time')} quorate hosts agree"
    return finding(NAME, details, good=good, nothing="the hosts never had the time to settle")


def _judge(segment: Segment, from_ns: int, truth: Truth) -> Detail:
    """Look at the beginning and the end of what is left of the segment, and at each change between."""
    name = f"from {truth.told(from_ns)}"
    told = [*truth.history.of_kind("view"), *truth.history.of_kind("role")]
    changes = sorted({r.at_ns for r in told if from_ns < r.at_ns < segment.end_ns})
    for at_ns in (from_ns, *changes, segment.end_ns - 1):
        views = _views(segment, at_ns, truth)
        if len({record.fields["members"] for record in views.values()}) > 1:
            said = "; ".join(f"{host}: {record.fields['members']}" for host, record in views.items())
            because = f"quorate hosts disagreed on the members at {truth.told(at_ns)}: {said}"
            evidence = tuple(record.seq for record in views.values())
            return Detail(name=name, verdict="violated", because=because, evidence=evidence)
        if (absent := _absent(views, segment, at_ns, truth)) is not None:
            because, record = absent
            return Detail(name=name, verdict="violated", because=because, evidence=(record.seq,))
    return Detail(name=name, verdict="holds", because="quorate hosts agree")


def _views(segment: Segment, at_ns: int, truth: Truth) -> dict[str, Record]:
    """What each host that calls itself quorate said last."""
    found = {}
    for host in truth.lab.moids:
        if truth.agent_runs(host, segment) and truth.role(host, at_ns) in _QUORATE:
            record = truth.history.last("view", at_ns, node=host)
            if record is not None:
                found[host] = record
    return found


def _absent(views: dict[str, Record], segment: Segment, at_ns: int, truth: Truth) -> tuple[str, Record] | None:
    """A quorate host that takes another for a member which does not run, or has another view; None: there is none."""
    for host, record in views.items():
        members = record.fields["members"]
        for member in members.split():
            works = truth.agent_runs(member, segment)
            own = truth.history.last("view", at_ns, node=member) if works else None
            if own is None or own.fields["members"] != members:
                says = f"which says {own.fields['members']}" if own is not None else "which says nothing"
                told = f"{host} was quorate with {members} at {truth.told(at_ns)}, but not {member}, {says}"
                return told, record
    return None


CHECKER = Checker(NAME, ("ready",), _check)
