"""Every restart is justified: the VM's host was dead, or had let the VM go, as the truth of the faults says.

Decides that a master may order a VM to be started when it runs nowhere, or when the host it runs on has neither power,
nor a network path to the master, nor any datastore through which it could show signs of life.
"""

from __future__ import annotations

from herzschlag import primitives as p
from herzschlag.checkers.truth import Segment, Stay, Truth
from herzschlag.history import SECOND, History, Record
from herzschlag.scenario import Scenario
from herzschlag.verdict import Detail, Finding, finding, unknown

NAME = "restart-justified"

NEWS_NS = 3 * SECOND
"""A master that repeats an order may not know yet that the VM has just started: three heartbeats."""


def check(history: History, scenario: Scenario) -> Finding:
    truth = Truth(history, scenario)
    orders = history.where("restart", phase="ordered")
    if truth.vms and not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    details = [_judge(order, truth) for order in orders]
    return finding(NAME, details, good=f"{len(details)} restarts, each of a VM that was gone or whose host was")


def _judge(order: Record, truth: Truth) -> Detail:
    vm = str(order.fields["vm"])
    stays = [s for s in truth.running_on(vm, order.at_ns) if s.begin_ns < order.at_ns - NEWS_NS]
    wrong = [stay for stay in stays if not _lost(stay, order, truth)]
    if not wrong:
        return Detail(name=vm, verdict="holds", because="it ran nowhere" if not stays else "its host gave no sign")
    return Detail(
        name=vm,
        verdict="violated",
        because=f"{order.node} had it started on {order.get('target')} at {order.at_s:.2f} s while it ran on"
        f" {wrong[0].host}, which was alive and could show it ({order.get('because')})",
        evidence=(wrong[0].begin, order.seq),
    )


def _lost(stay: Stay, order: Record, truth: Truth) -> bool:
    """Whether the host could show the master no sign of life, just before the order."""
    if stay.host == order.node:
        return False
    segment: Segment = truth.segment_at(max(0, order.at_ns - 1))
    if not truth.powered(stay.host, segment) or p.Frozen(stay.host) in segment.conditions:
        return True
    if _vmcp(stay, segment, truth):
        return True
    shared = any(
        truth.reaches_storage(stay.host, segment, d.name) and truth.reaches_storage(order.node, segment, d.name)
        for d in truth.lab.datastores_of(stay.host)
        if d.hosts is None or order.node in d.hosts
    )
    return not shared and not truth.linked(stay.host, order.node, segment)


def _vmcp(stay: Stay, segment: Segment, truth: Truth) -> bool:
    """Its host has lost the VM's datastore: component protection may move it."""
    return not truth.reaches_storage(stay.host, segment, truth.vms[stay.vm][0].datastore)
