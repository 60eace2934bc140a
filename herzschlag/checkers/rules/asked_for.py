"""What vCenter has done to a VM was asked for by a user.

This module decides, for every VM that a host began to start or to stop by vCenter's order, whether a user's last
request about that VM was this one, for this host. An order that was recorded on the wire and sent again, to the same
host or to another, has no such request.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import VCENTER

NAME = "asked-for"

GRACE_NS = SECOND
"""How long an order may still be under way after a newer request, from which on vCenter repeats that one alone."""

_WORDS = {"starting": "started", "stopping": "stopped"}


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    clock = truth.clock
    requests: dict[str, list[Record]] = {}
    for record in history.where("user", refused=False):
        requests.setdefault(str(record.get("vm")), []).append(record)
    details = []
    for record in history.where("vm", by=VCENTER):
        word = _WORDS.get(str(record.get("to")))
        if word is not None:
            details.append(_judged(record, word, requests.get(str(record.get("vm")), []), clock))
    good = f"{counted(len(details), 'order')} of vCenter, each asked for"
    return finding(NAME, details, good=good, nothing="vCenter had no VM started or stopped")


def _judged(record: Record, word: str, requests: list[Record], clock: Clock) -> Detail:
    name = str(record.get("vm"))
    lately = [r for i, r in enumerate(requests) if r.at_ns <= record.at_ns and _counts(requests, i, record.at_ns)]
    asked = [r for r in lately if r.get("on") == (word == "started") and r.get("host") == record.node]
    if asked:
        because = f"{word} on {record.node}, as a user asked at {clock.told(asked[-1].at_ns)}"
        return Detail(name=name, verdict="holds", because=because, evidence=(asked[-1].seq, record.seq))
    last = f"the last request was {_told(lately[-1], clock)}" if lately else "there was no request"
    because = f"{word} on {record.node} at {clock.told(record.at_ns)} by an order of vCenter that no user gave: {last}"
    return Detail(name=name, verdict="violated", because=because, evidence=(*(r.seq for r in lately[-1:]), record.seq))


def _counts(requests: list[Record], index: int, at_ns: int) -> bool:
    """Whether a request had not been superseded for long."""
    return index + 1 == len(requests) or requests[index + 1].at_ns + GRACE_NS >= at_ns


def _told(request: Record, clock: Clock) -> str:
    return f"{'on' if request.get('on') else 'off'}, on {request.get('host')}, at {clock.told(request.at_ns)}"


CHECKER = Checker(NAME, ("vm", "fault"), _check)
