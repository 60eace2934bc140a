"""Every protected VM that should run runs at the end, once, where it can.

This module decides that a VM should run when it was on at the start (or a user switched it on) and no user switched it
off, as far as vCenter ran to take that, and when some living host reaches its datastore and may run it; where the
scenario has patience, only when that has been so for long enough. It leaves VMs that a full cluster, an unwilling guest
or a failing power-on keeps off to the scenario, which says so in `expect.allow`.
"""

from __future__ import annotations

from itertools import pairwise

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules.request_obeyed import LIMIT_NS
from herzschlag.checkers.second_copies import second_copy
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.unrestarted import unrestarted
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "vms-run"


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    if not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    if not history.of_kind("end"):
        return unknown(NAME, "the run did not come to its end")
    at_ns = history.end_ns
    segment = truth.segments[-1] if truth.segments else truth.segment_at(at_ns)
    wanted = {name for name, (config, _, on) in truth.vms.items() if on and config.protected}
    for span in truth.spans:
        for one in span.primitives:
            if isinstance(one, p.VmPower) and _taken(one, span.begin_ns, truth):
                (wanted.add if one.on else wanted.discard)(one.vm)
    wanted -= _not_begun(truth)
    overdue_ns = at_ns - round(scenario.patience_s * SECOND)
    details = [_judge(vm, truth, segment, at_ns, overdue_ns) for vm in sorted(wanted)]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'VM')} judged at the end, each as it should be",
        nothing="no VM is to run",
    )


def _taken(wish: p.VmPower, at_ns: int, truth: Truth) -> bool:
    """Whether vCenter ran and took the wish, perhaps in the instant in which it was killed; else no other node did."""
    return truth.vcenter_runs(at_ns) or any(r.at_ns == at_ns for r in truth.history.where("user", vm=wish.vm))


def _not_begun(truth: Truth) -> set[str]:
    """VMs whose user last switched them on, in vain: admission control refused (7.7 [DD-AC]), a fault had each power-on
    fail, the host could not lock the VM's files, or vCenter was killed before it had reached the host for long enough.
    Neither a master nor vCenter's next life repeats the order."""
    last = {str(record.get("vm")): record for record in truth.history.of_kind("user")}
    return {vm for vm, record in last.items() if record.get("on") and (record.get("refused") or _lost(record, truth))}


def _lost(order: Record, truth: Truth) -> bool:
    vm, host = str(order.get("vm")), str(order.get("host"))
    if any(stay.end_ns > order.at_ns for stay in truth.stays.get(vm, ())):
        return False  # It ran since.
    if p.Reconfigured(f"vm.{vm}.power_on_fails", True) in truth.segment_at(order.at_ns).conditions:
        return True
    if _without_files(vm, host, order.at_ns, truth):
        return True
    told_ns = 0
    for segment in truth.between(order.at_ns, truth.end_ns):
        if told_ns >= LIMIT_NS or not truth.vcenter_runs(segment.begin_ns):
            return told_ns < LIMIT_NS
        reached = truth.vcenter_reaches(host, segment) and truth.agent_runs(host, segment)
        told_ns = told_ns + segment.end_ns - max(segment.begin_ns, order.at_ns) if reached else 0
    return False


def _without_files(vm: str, host: str, asked_ns: int, truth: Truth) -> bool:
    """Whether the host tried to start the VM since then, while it did not reach the VM's datastore, or write there."""
    tries = [r for r in truth.history.where("vm", node=host, vm=vm, to="off") if r.get("from") == "starting"]
    segments = [truth.segment_at(r.at_ns) for r in tries if r.at_ns >= asked_ns]
    datastore = truth.vms[vm][0].datastore
    return any(not truth.sees_storage(host, s, datastore) or not truth.writes_everywhere(host, s) for s in segments)


def _judge(vm: str, truth: Truth, segment: Segment, at_ns: int, overdue_ns: int) -> Detail:
    config, _, _ = truth.vms[vm]
    stays = truth.running_on(vm, at_ns)
    evidence = tuple(stay.begin for stay in stays)
    if len(stays) == 1:
        return Detail(name=vm, verdict="holds", because=f"runs on {stays[0].host}", evidence=evidence)
    if len(stays) > 1:
        hosts = " and ".join(stay.host for stay in stays)
        copies = [second_copy(vm, a.host, (b.host, b.begin_ns), at_ns, truth) for a, b in pairwise(stays)]
        if all(copy.fine for copy in copies):
            because = f"runs on {hosts} at the end: {copies[0].foreseen}"
            return Detail(name=vm, verdict="holds", because=because, evidence=evidence, foreseen=True)
        return Detail(name=vm, verdict="violated", because=f"runs on {hosts} at the end", evidence=evidence)
    able = [
        host
        for host in config.compatible_hosts or truth.lab.moids
        if truth.agent_works(host, segment) and truth.sees_storage(host, segment, config.datastore)
    ]
    last = truth.stays[vm][-1:] if truth.stays.get(vm) else ()
    where = f"it last ran on {last[0].host}" if last else "it never ran"
    since_ns = max(segment.begin_ns, last[0].end_ns if last else 0)
    if since_ns > overdue_ns:
        because = f"runs nowhere, since {(at_ns - since_ns) / SECOND:.1f} s only; {where}"
        return Detail(name=vm, verdict="holds", because=because, evidence=tuple(stay.begin for stay in last))
    if last and (why := unrestarted(vm, last[0].host, last[0].end_ns, truth)):
        because = f"runs nowhere: {why}"
        return Detail(name=vm, verdict="holds", because=because, evidence=(last[0].begin,), foreseen=True)
    if able and config.priority != "disabled":
        return Detail(
            name=vm,
            verdict="violated",
            because=f"runs nowhere at the end though {', '.join(able)} could run it; {where}",
            evidence=tuple(stay.begin for stay in last),
        )
    return Detail(name=vm, verdict="holds", because=f"runs nowhere, and no living host may run it; {where}")


CHECKER = Checker(NAME, ("vm", "fault", "end"), _check)
