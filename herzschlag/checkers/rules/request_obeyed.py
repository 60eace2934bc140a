"""What a user asks of a VM is done, where nothing is in the way.

This module decides that a VM is off, or was on at some time, ten seconds after the request at the latest, beside the
time that its power-on takes (9 [DD-C]; vCenter repeats a request each second), if vCenter ran and reached the host, and
the host its storage, from fifteen seconds before the request on. It leaves orders that no user gave to `asked_for.py`.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import lasted, own_agent_lives
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "request-obeyed"
LIMIT_NS = 10 * SECOND
BEFORE_NS = 15 * SECOND
"""A host that came back, or a vCenter that was started again, needs as long to know what is wanted."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    ready = history.of_kind("ready")
    asked = [r for r in history.where("user", refused=False) if ready and r.at_ns > ready[0].at_ns]
    details = [d for request in asked if (d := _judge(request, truth)) is not None]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'request')} of users, each obeyed",
        nothing="no user asked for anything that nothing was in the way of",
    )


def _judge(request: Record, truth: Truth) -> Detail | None:
    vm, host, on = str(request.get("vm")), str(request.get("host")), bool(request.get("on"))
    if vm not in truth.vms or host not in truth.lab.moids:
        return None
    config = truth.vms[vm][0]
    due_ns = request.at_ns + LIMIT_NS + round(config.power_on_s * SECOND)
    others = [r for r in truth.history.where("user", vm=vm) if r.seq != request.seq]
    if any(request.at_ns - LIMIT_NS < r.at_ns <= due_ns for r in others):
        return None

    def free(segment: Segment) -> bool:
        told = truth.vcenter_reaches(host, segment)
        stored = truth.sees_storage(host, segment, config.datastore) and truth.writes_everywhere(host, segment)
        slow = truth.io_delay_ns(host, segment, config.datastore)
        fails = p.Reconfigured(f"vm.{vm}.power_on_fails", True) in segment.conditions
        return own_agent_lives(truth, host, segment) and told and stored and not slow and not fails

    if not lasted(truth, max(0, request.at_ns - BEFORE_NS), due_ns, free):
        return None
    there = [stay for stay in truth.running_on(vm, request.at_ns) if stay.begin_ns < request.at_ns - LIMIT_NS]
    if on == bool(there) or len({stay.host for stay in there} | {host}) > 1 or _moved(vm, request, due_ns, truth):
        return None  # It is as wanted already, or elsewhere.
    if on and (config.power_on_fails or not _released(vm, request.at_ns, truth)):
        return None
    done = _was_on(vm, request.at_ns, due_ns, truth) if on else not truth.running_on(vm, due_ns)
    verdict: Verdict = "holds" if done else "violated"
    what = "on" if on else "off"
    why = f"a user wanted it {what} on {host} at {truth.told(request.at_ns)}"
    why += "" if done else f", and at {truth.told(due_ns)} it was not"
    return Detail(name=vm, verdict=verdict, because=why, evidence=(request.seq,))


def _was_on(vm: str, since_ns: int, until_ns: int, truth: Truth) -> bool:
    """Whether it ran in that time, perhaps not at its end: that it was switched on does not keep it from crashing."""
    return any(stay.begin_ns <= until_ns and since_ns < stay.end_ns for stay in truth.stays.get(vm, ()))


def _moved(vm: str, request: Record, due_ns: int, truth: Truth) -> bool:
    """Whether a master did something about the VM meanwhile."""
    about = truth.history.where("restart", vm=vm)
    return any(request.at_ns - 2 * BEFORE_NS < r.at_ns <= due_ns for r in about)


def _released(vm: str, at_ns: int, truth: Truth) -> bool:
    """Whether its last host let its lock go; one that lost power did not."""
    stays = [stay for stay in truth.stays.get(vm, ()) if stay.begin_ns < at_ns]
    if not stays:
        return True
    last = max(stays, key=lambda stay: stay.begin_ns)
    return any(r.at_ns == last.end_ns for r in truth.history.where("vm", node=last.host, vm=vm, to="off"))


CHECKER = Checker(NAME, ("vm", "fault", "ready"), _check)
