"""No VM is started while it still runs elsewhere.

This module decides from the hosts' own records of their VMs and from who had power. Where the first copy's host could
not renew the VM's lock, because it stood still or had lost its storage, the modelled system lets a second one start:
that is foreseen, until the host can look at its locks again (`second_copies.py`). It complements `one_writer`, which
reads the disks: a second copy that was stopped before its first write appears only here.
"""

from __future__ import annotations

from itertools import combinations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.second_copies import second_copy
from herzschlag.checkers.truth import Stay, Truth
from herzschlag.checkers.verdict import Detail, Finding, finding, unknown
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario

NAME = "started-twice"


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    if not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    details = [_judge(vm, stays, truth) for vm, stays in truth.stays.items() if stays]
    twice = any(detail.foreseen for detail in details)
    good = f"no {'other ' if twice else ''}VM was started while it ran elsewhere"
    return finding(NAME, details, good=good, nothing="no VM ever ran")


def _judge(vm: str, stays: tuple[Stay, ...], truth: Truth) -> Detail:
    foreseen: tuple[str, Stay, Stay] | None = None
    for a, b in combinations(stays, 2):
        if not a.overlaps(b):
            continue
        evidence = (a.begin, b.begin)
        told = f"started on {b.host} at {truth.told(b.begin_ns)} while it ran on {a.host}"
        copy = second_copy(vm, a.host, (b.host, b.begin_ns), min(a.end_ns, b.end_ns), truth)
        if not copy.fine:
            told += f", and {copy.too_long}" if copy.too_long else ""
            return Detail(name=vm, verdict="violated", because=told, evidence=evidence)
        foreseen = foreseen or (f"{told}: {copy.foreseen}", a, b)
    if foreseen is None:
        return Detail(name=vm, verdict="holds", because=f"{len(stays)} starts, none beside another")
    told, a, b = foreseen
    return Detail(name=vm, verdict="holds", because=told, evidence=(a.begin, b.begin), foreseen=True)


CHECKER = Checker(NAME, ("vm", "fault"), _check)
