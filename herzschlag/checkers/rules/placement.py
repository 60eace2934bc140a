"""No host is given more restarts than it can take: memory, CPU, and tasks at a time.

This module decides from the orders, the VMs that truly run, and the sizes in the scenario. It leaves initial placement
by users to vCenter's admission control.
"""

from __future__ import annotations

from collections.abc import Mapping

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.options import Option

NAME = "placement"

LIMIT_OPTION = "das.perHostConcurrentFailoversLimit"
LIMIT = 32
"""Restarts at a time per host [DD-R]."""
NEWS_NS = 3 * SECOND
"""What began to run so recently may not be known to the master: three heartbeats."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    limit = _limit(scenario)
    flying: dict[str, dict[str, Record]] = {}
    details = []
    for record in sorted([*history.of_kind("restart"), *history.where("role", to="master")], key=lambda r: r.seq):
        tasks = flying.setdefault(record.node, {})
        if record.kind == "role":
            tasks.clear()  # A new reign knows nothing of the orders of an earlier one.
        elif record.get("phase") == "ordered":
            details.append(_judge(record, tasks, limit, truth))
            tasks[str(record.fields["vm"])] = record
        elif record.get("phase") in ("done", "failed", "dropped", "given-up"):
            tasks.pop(str(record.fields["vm"]), None)
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'restart')}, each where there was room",
        nothing="no VM was restarted",
    )


def _limit(scenario: Scenario) -> int:
    """The largest that was ever configured."""
    options: list[Mapping[str, Option]] = [{LIMIT_OPTION: LIMIT, **scenario.cluster.options}]
    lab = scenario.cluster.topology()
    found = [one for step in scenario.steps for one in step.fault.primitives(lab)]
    options += [{one.option: one.value} for one in found if isinstance(one, p.Reconfigured)]
    return max(int(given[LIMIT_OPTION]) for given in options if LIMIT_OPTION in given)


def _judge(order: Record, tasks: dict[str, Record], limit: int, truth: Truth) -> Detail:
    name, target = str(order.fields["vm"]), str(order.fields["target"])
    there = {vm for vm, task in tasks.items() if task.get("target") == target and vm != name}
    if len(there) >= limit:
        why = f"ordered to {target} at {truth.told(order.at_ns)} beside {len(there)} others:"
        why += f" {limit} at a time are allowed"
        return Detail(name=name, verdict="violated", because=why, evidence=(order.seq,))
    running = {
        vm
        for vm in truth.stays
        if any(
            stay.host == target and stay.begin_ns < order.at_ns - NEWS_NS for stay in truth.running_on(vm, order.at_ns)
        )
    }
    configs = [truth.vms[vm][0] for vm in {*there, *running, name} if vm in truth.vms]
    host = next(host for host in truth.lab.hosts if host.moid == target)
    for what, used, room in (
        ("MB of memory", sum(vm.memory_mb for vm in configs), host.memory_mb),
        ("MHz", sum(vm.cpu_mhz for vm in configs), host.cpu_mhz),
    ):
        if used > room:
            why = f"ordered to {target} at {truth.told(order.at_ns)}, which then needs {used} {what} and has {room}"
            return Detail(name=name, verdict="violated", because=why, evidence=(order.seq,))
    return Detail(name=name, verdict="holds", because=f"{target} had room", evidence=(order.seq,))


CHECKER = Checker(NAME, ("restart", "vm", "role"), _check)
