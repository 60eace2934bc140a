"""Why a VM that ended need not run again: its attempts are used up, its restart is under way, and so on.

This module decides after which ends a VM does not run in the end, though all is well: for every rule that expects VMs
to run.
"""

from __future__ import annotations

from herzschlag.checkers.leading import led_until, same_reign
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.told import UNMONITORED
from herzschlag.checkers.truth import Truth
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, Record

CONFIGURED_NS = 15 * SECOND
"""A host that vCenter reaches has a new configuration after this time at the latest."""
DECIDED_NS = 75 * SECOND
"""When masters have led for this long since a VM ended, one has decided about a restart: 18 s for a dead host, 60 s for
an isolated one, some more until a file is read again."""


TRIED = {
    "failed": "its last attempt failed, and the next one is not due [DD-R]",
    "given-up": "its attempts at a restart were used up, or a user switched it off [DD-R]",
}
"""What became of a restart last, by its record (7.5): `attempts` and `placement` look after the times and the room."""


def _priorities(vm: str, truth: Truth) -> set[str]:
    option = f"vm.{vm}.priority"
    changed = [one for span in truth.spans for one in span.primitives if isinstance(one, p.Reconfigured)]
    return {truth.vms[vm][0].priority, *(str(one.value) for one in changed if one.option == option)}


def _hindered(vm: str, tried: Record, truth: Truth) -> bool:
    """Whether an attempt failed, or was withdrawn, because of a fault or a user, and not by a fault of ours."""
    if tried.get("phase") not in TRIED:
        return False
    target, datastore = str(tried.get("target")), truth.vms[vm][0].datastore
    by_user = any(isinstance(one, p.VmPower) and one.vm == vm for span in truth.spans for one in span.primitives)
    segment = truth.segment_at(max(0, tried.at_ns - 1))
    fails = p.Reconfigured(f"vm.{vm}.power_on_fails", True)
    if by_user or (fails in segment.conditions and fails not in truth.segments[-1].conditions):
        return True  # A power-on that fails to the end is for the scenario to allow.
    if target not in truth.lab.moids:
        return False
    return _kept_lock(vm, tried, truth) or not all(
        truth.agent_works(target, s) and truth.sees_storage(target, s, datastore) and truth.writes_everywhere(target, s)
        for s in _during(vm, tried, truth)
    )


def _during(vm: str, failed: Record, truth: Truth, before_ns: int = 0) -> list[Segment]:
    """The attempt that failed then: from its order on, or some time before that."""
    ordered = [r for r in truth.history.where("restart", vm=vm, phase="ordered") if r.at_ns <= failed.at_ns]
    begin_ns = ordered[-1].at_ns - before_ns if ordered else failed.at_ns - 1
    return list(truth.between(begin_ns, failed.at_ns - 1))


def _kept_lock(vm: str, failed: Record, truth: Truth) -> bool:
    """Whether the host on which the VM ended could not write to its datastore during the attempt, or just before it, so
    that it had not released the VM's lock by then."""
    datastore = truth.vms[vm][0].datastore
    ended = [stay for stay in truth.stays.get(vm, ()) if stay.end_ns <= failed.at_ns]
    attempt = _during(vm, failed, truth, truth.renewal_ns(datastore))
    return bool(ended) and any(not truth.reaches_storage(ended[-1].host, segment, datastore) for segment in attempt)


def _starts(vm: str, host: str, truth: Truth) -> bool:
    """Whether the run ends before the time is over that the power-on takes the VM."""
    told = truth.history.where("vm", node=host, vm=vm)[-1:]
    took_ns = round(truth.vms[vm][0].power_on_s * SECOND)
    return bool(told) and told[0].get("to") == "starting" and truth.end_ns < told[0].at_ns + took_ns


def _unmonitored(datastore: str, ended_ns: int, truth: Truth) -> bool:
    """Whether some host took monitoring to be off before a master had decided. Once no master restarts it, none need do
    so when monitoring is on again: nothing is published of that."""
    if not any(UNMONITORED in segment.conditions for segment in truth.segments):
        return False
    decided_ns = led_until(datastore, ended_ns, DECIDED_NS, truth)
    return any(UNMONITORED in segment.conditions for segment in truth.between(ended_ns - CONFIGURED_NS, decided_ns))


def used_up_by(vm: str, ended_ns: int, until_ns: int, truth: Truth) -> str:
    """The master that had taken the VM's host for dead, and given the VM up, while it still ran there, and has led
    without a break until then: a cut-off host stops it later, or fails, and without a heartbeat datastore nothing tells
    the master. Empty: there is none."""
    before = [r for r in truth.history.where("restart", vm=vm) if r.at_ns < ended_ns]
    given_up = bool(before) and before[-1].get("phase") == "given-up"
    return before[-1].node if given_up and same_reign(before[-1], until_ns, truth) else ""


def _without(datastore: str, truth: Truth) -> str:
    """Who leads at the end, where that datastore is attached to none of them."""
    masters = [host for host in truth.lab.moids if truth.role(host, truth.end_ns) == "master"]
    attached = [host for host in masters if datastore in (one.name for one in truth.lab.datastores_of(host))]
    return "" if attached else " and ".join(masters)


def unrestarted(vm: str, host: str, ended_ns: int, truth: Truth) -> str:
    """The reason, for a VM that ended on that host then; empty: it must run again."""
    datastore = truth.vms[vm][0].datastore
    if "disabled" in _priorities(vm, truth):
        return "its restart priority is disabled [API-PRIO]"
    tried = [r for r in truth.history.where("restart", vm=vm) if r.at_ns >= ended_ns]
    if tried and tried[-1].get("phase") in TRIED and any(_hindered(vm, r, truth) for r in tried):
        return TRIED[str(tried[-1].get("phase"))]
    if not tried and used_up_by(vm, ended_ns, ended_ns, truth):
        return "its attempts at a restart were used up while it still ran [DD-R]"
    over = not tried or not same_reign(tried[-1], truth.end_ns, truth)
    if over and (masters := _without(datastore, truth)):
        return f"{datastore} is not attached to {masters}, so no list has it [YB-OWN]"
    if tried and tried[-1].get("phase") == "ordered" and _starts(vm, str(tried[-1].get("target")), truth):
        return f"its power-on, which takes {truth.vms[vm][0].power_on_s:g} s, is under way"
    if not truth.monitored or _unmonitored(datastore, ended_ns, truth):
        return "host monitoring was off when it would have been restarted [AG60-16]"
    return ""
