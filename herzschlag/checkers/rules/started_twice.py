"""No VM is started while it still runs elsewhere.

This module decides from the hosts' own records of their VMs and from who had power. It complements `one_writer`, which
reads the disks: a second copy that was stopped before its first write appears only here.
"""

from __future__ import annotations

from itertools import combinations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, finding, unknown
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario

NAME = "started-twice"


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth(history, scenario)
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    if not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    details = []
    for vm, stays in truth.stays.items():
        if not stays:
            continue
        both = next(((a, b) for a, b in combinations(stays, 2) if a.overlaps(b)), None)
        if both is None:
            details.append(Detail(name=vm, verdict="holds", because=f"{len(stays)} starts, none beside another"))
            continue
        a, b = both
        details.append(
            Detail(
                name=vm,
                verdict="violated",
                because=f"started on {b.host} at {truth.told(b.begin_ns)} while it ran on {a.host}",
                evidence=(a.begin, b.begin),
            )
        )
    return finding(NAME, details, good="no VM was started while it ran elsewhere", nothing="no VM ever ran")


CHECKER = Checker(NAME, ("vm", "fault"), _check)
