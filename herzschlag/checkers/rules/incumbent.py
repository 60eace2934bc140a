"""A master that is alive and heard by all of its group is not replaced, not even by a better host.

This module decides for each stretch without faults that begins with one master in a group in which all reach each
other: it leads to the end of the stretch. What was as good as decided when the stretch began may still happen: an
election is won, a master that has heard nothing for five seconds is isolated, one that was put into maintenance mode
goes. A master to which none of its group speaks does not lead.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "incumbent"

OPENING_NS = 2 * SECOND
"""A heartbeat to hear each other, one to be taken in."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = []
    ready = history.of_kind("ready")
    for segment in truth.segments:
        begin_ns = segment.begin_ns or (ready[0].at_ns if ready else segment.end_ns)
        if truth.impaired(segment) or begin_ns >= segment.end_ns:
            continue
        for group in truth.groups(segment):
            if len(group) > 1 and truth.clique(group, segment):
                details += _judge(group, segment, begin_ns, truth)
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'time')} a master went on leading its group",
        nothing="no group that stayed whole had one master",
    )


def _judge(group: frozenset[str], segment: Segment, begin_ns: int, truth: Truth) -> list[Detail]:
    masters = [host for host in group if truth.role(host, begin_ns) == "master"]
    if len(masters) != 1:
        return []
    master = masters[0]
    if any(c in segment.conditions for c in (p.AgentDown(master, True), p.AgentDown(master, False))):
        return []
    changes = [r for r in truth.history.of_kind("role") if begin_ns < r.at_ns < segment.end_ns and r.node in group]
    for change in changes:
        gone = change.node == master
        if gone and _had_to_go(change, begin_ns, group, truth):
            return []
        if not gone and (change.get("to") != "master" or change.at_ns < begin_ns + OPENING_NS):
            continue
        if any(r.at_ns < begin_ns + OPENING_NS and r.get("to") == "master" for r in changes):
            break  # Two masters met: the order of an election decides.
        what = f"gave up ({change.get('because')})" if gone else f"was joined by {change.node}"
        why = f"led its group, was heard by all, and {what} at {truth.told(change.at_ns)}"
        return [Detail(name=master, verdict="violated", because=why, evidence=(change.seq,))]
    return [Detail(name=master, verdict="holds", because="leads on")]


def _had_to_go(change: Record, begin_ns: int, group: frozenset[str], truth: Truth) -> bool:
    """Whether its master could not lead on: no sign reached it, since the stretch had just begun or all others still
    follow one that is gone; or it was in maintenance mode, which was over before its agent learned of it."""
    early = change.at_ns < begin_ns + OPENING_NS
    if change.get("to") == "isolated":
        others = group - {change.node}
        lately = (change.at_ns - OPENING_NS, change.at_ns)
        return early or not any(all(truth.speaks(o, change.node, at_ns) for at_ns in lately) for o in others)
    before = truth.segment_at(max(0, begin_ns - 1))
    others_before = [host for host in truth.lab.moids if host != change.node]
    if early and any(truth.role(host, before.end_ns - 1) == "master" for host in others_before):
        return True  # Its last heartbeat came after all.
    rest = p.Maintenance(change.node)
    just_over = (s for s in truth.spans if 0 <= begin_ns - s.end_ns < OPENING_NS)
    return early and any(rest in span.primitives for span in just_over)


CHECKER = Checker(NAME, ("role", "fault", "ready"), _check)
