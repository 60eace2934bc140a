"""What one run of the comparison showed, from its history. Pure.

This module decides what is compared: when another host noticed the fault, when another led or the others went on, for
how long two hosts led at once, which acknowledged writes were lost, and how long after the fault the last change came.
A system that has no such thing shows None.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec

from bench.comparison.cases import SUBJECTS
from herzschlag.checkers.truth import Truth
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

_CHANGES = ("role", "view", "link", "term")
_DOUBTS = ("hostDown", "fdmUnreachable", "networkIsolated", "networkPartitionedFromMaster")


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """Seconds of protocol time, from the fault on."""

    noticed_s: float | None = None
    """When another host first said anything else than before."""
    replaced_s: float | None = None
    """When another host led, or the others were members without it."""
    two_s: float | None = None
    """For how long two hosts that work led at once, or were quorate with different members."""
    written: int | None = None
    """How many writes were acknowledged."""
    lost: int | None = None
    """How many of them a host lacked in the end."""
    settled_s: float | None = None
    """How long after the end of the fault the last host changed its mind; 0: none did any more."""


def seen_in(history: History, scenario: Scenario, name: str) -> Seen:
    lost = SUBJECTS[name].lost
    begin, end = (history.where("fault", phase=phase)[0] for phase in ("begin", "end"))
    said = [r for r in history if r.kind in _CHANGES or (r.kind == "host-state" and r.get("to") in _DOUBTS)]
    elsewhere = [r for r in said if r.at_ns > begin.at_ns and r.node not in (lost, "vcenter")]
    changed = [r.at_ns for r in said if r.kind in _CHANGES]
    written, missing = _writes(history)
    return Seen(
        noticed_s=_after(begin, elsewhere[:1]),
        replaced_s=_after(begin, [r for r in elsewhere if _replaces(r, lost)][:1]),
        two_s=_two_s(history, scenario, begin.at_ns),
        written=written,
        lost=missing,
        settled_s=max(0.0, round((max(changed, default=0) - end.at_ns) / SECOND, 2)),
    )


def _after(begin: Record, records: list[Record]) -> float | None:
    return round((records[0].at_ns - begin.at_ns) / SECOND, 2) if records else None


def _replaces(record: Record, lost: str) -> bool:
    if record.kind == "view":
        return lost not in str(record.get("members")).split() and len(str(record.get("members")).split()) > 1
    return record.kind == "role" and record.get("to") == "master"


def _two_s(history: History, scenario: Scenario, since_ns: int) -> float | None:
    """Looked at each change: of roles, of views, and of faults."""
    system = scenario.cluster.foreign()
    if system is not None and not system.has_leader and not system.has_views:
        return None
    truth = Truth.of(history, scenario)
    kinds = ("role", "view", "fault")
    marks = sorted(
        {since_ns, history.end_ns, *(r.at_ns for k in kinds for r in history.of_kind(k) if r.at_ns > since_ns)}
    )
    both_ns = sum(end - at for at, end in pairwise(marks) if _two(truth, at))
    return round(both_ns / SECOND, 2)


def _two(truth: Truth, at_ns: int) -> bool:
    segment = truth.segment_at(at_ns)
    working = [host for host in truth.lab.moids if truth.agent_runs(host, segment)]
    system = truth.scenario.cluster.foreign()
    if system is not None and system.has_views:
        quorate = [host for host in working if truth.role(host, at_ns) in ("master", "slave")]
        told = [truth.history.last("view", at_ns, node=host) for host in quorate]
        return len({view.get("members") for view in told if view is not None}) > 1
    return sum(truth.role(host, at_ns) == "master" for host in working) > 1


def _writes(history: History) -> tuple[int | None, int | None]:
    told = history.where("write", to="acknowledged")
    found = history.of_kind("found")
    if not told or not found:
        return None, None
    there: dict[str, set[int]] = {}
    for record in found:
        numbers = set(record.fields["numbers"])
        writer = str(record.get("writer"))
        there[writer] = there[writer] & numbers if writer in there else numbers
    missing = [r for r in told if r.fields["number"] not in there.get(r.node, set())]
    return len(told), len(missing)
