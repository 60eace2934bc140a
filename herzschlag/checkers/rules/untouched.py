"""No VM of a living, connected host is touched.

This module decides which hosts no fault came near: they kept power, agent, storage, their master and contact with more
than half of all hosts. A VM there must go on running there, unless the scenario itself asked for a change.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario

NAME = "untouched"

_OF_A_NODE = (p.PortDown, p.CarrierDown, p.AddressGone, p.AddressWrong, p.RouteMissing, p.Blocked, p.MtuLimit)
"""Conditions of one node's links, which its peers feel as well."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    if not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    asked = _asked_for(scenario)
    touched_from = {host: _first_fault_ns(truth, host) for host in truth.lab.moids}
    details = []
    for vm, stays in truth.stays.items():
        for stay in stays:
            fault_ns = touched_from[stay.host]
            if stay.end_ns > history.end_ns or (fault_ns is not None and fault_ns <= stay.end_ns):
                continue
            if vm in asked:
                continue
            ended = [r for r in history.where("vm", node=stay.host, vm=vm) if r.at_ns == stay.end_ns]
            why = f"{ended[-1].get('because')}" if ended else "nobody said why"
            details.append(
                Detail(
                    name=vm,
                    verdict="violated",
                    because=f"stopped on {stay.host}, which no fault came near: {why}",
                    evidence=(stay.begin, *(r.seq for r in ended)),
                )
            )
    for record in history.of_kind("vm"):
        if record.fields["to"] == "stopping" and _unharmed(touched_from[record.node], record.at_ns):
            vm = str(record.fields["vm"])
            if vm not in asked:
                why = f"asked to stop on {record.node}, which no fault came near: {record.get('because')}"
                details.append(Detail(name=vm, verdict="violated", because=why, evidence=(record.seq,)))
    spared = [host for host, fault_ns in touched_from.items() if fault_ns is None]
    running = [vm for vm, stays in truth.stays.items() if stays and stays[-1].host in spared]
    touched = {detail.name for detail in details}
    details += [
        Detail(name=vm, verdict="holds", because=f"ran on, on {truth.stays[vm][-1].host}")
        for vm in running
        if vm not in touched
    ]
    good = f"{counted(len(running), 'VM')} on {counted(len(spared), 'host')} that no fault came near ran on"
    nothing = "no VM ran on a host that no fault came near" if spared else "a fault came near every host"
    return finding(NAME, details, good=good, nothing=nothing)


def _unharmed(fault_ns: int | None, at_ns: int) -> bool:
    return fault_ns is None or fault_ns > at_ns


def _asked_for(scenario: Scenario) -> frozenset[str]:
    """VMs that the scenario itself stops, crashes or lets be reset."""
    named = {vm for step in scenario.steps for vm in step.fault.vms()}
    monitored = scenario.cluster.vm_monitoring
    return frozenset(named) | (frozenset(scenario.cluster.vm_configs()) if monitored and named else frozenset())


def _first_fault_ns(truth: Truth, host: str) -> int | None:
    """When a fault first came near the host: it, its links or its storage; the loss of another host does not count."""
    for segment in truth.segments:
        if any(_near(condition, host, truth, segment) for condition in segment.conditions):
            return segment.begin_ns
    return None


def _near(condition: p.AnyCondition, host: str, truth: Truth, segment: Segment) -> bool:
    if isinstance(condition, p.LinkCut | p.Impaired):
        if host not in (condition.src, condition.dst):
            return False
        if isinstance(condition, p.Impaired):
            return True
        return _alone(host, condition.dst if host == condition.src else condition.src, truth, segment)
    at = getattr(condition, "host", "") or getattr(condition, "node", "")
    if at != host and isinstance(condition, _OF_A_NODE):
        return _alone(host, at, truth, segment)
    return host == at


def _alone(host: str, other: str, truth: Truth, segment: Segment) -> bool:
    """Whether the host lost its connection with the other one, or with most. An isolated host's cut links end at all
    others; hosts that still reach another keep their connection."""
    group = next((g for g in truth.groups(segment) if host in g), frozenset())
    return len(group) * 2 <= len(truth.lab.moids) or _master_lost(host, other, truth, segment)


def _master_lost(host: str, other: str, truth: Truth, segment: Segment) -> bool:
    """Slaves send nothing to each other: a host that only its master does not reach hears no host at all."""
    if other not in truth.lab.moids or truth.linked(host, other, segment):
        return False
    elected = [r for r in truth.history.where("role", node=other, to="master") if r.at_ns < segment.end_ns]
    return truth.role(other, segment.begin_ns) == "master" or any(r.at_ns >= segment.begin_ns for r in elected)


CHECKER = Checker(NAME, ("vm", "fault"), _check)
