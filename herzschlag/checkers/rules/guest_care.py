"""A guest that hangs is reset in time, and one that is asked to shut down does so in its own time.

This module decides by the settings: VM monitoring waits for the longer of the failure interval and das.iostatsinterval
(7.8 [DD-M] [AG67-17]), and a guest is off when the time that it takes is over (6 [DD-R]). Nothing is asked of a host
whose agent was not at work all the time, and nothing of a VM to which something else happened.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import lasted, own_agent_lives, slack_ns
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "guest-care"
SPARE_NS = 2 * SECOND
RESETS = 3
"""In an hour, at most (7.8 [DD-M]); then the guest is given up."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = [d for r in history.where("guest", to="silent") if (d := _reset(r, truth)) is not None]
    asked = [r for r in history.where("isolation", phase="response") if r.get("do") == "shut-down"]
    details += [d for r in asked if (d := _shut_down(r, truth)) is not None]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'guest')} looked after in time",
        nothing="no guest hung for long while it was monitored, and none was asked to shut down",
    )


def _reset(silent: Record, truth: Truth) -> Detail | None:
    cluster = truth.scenario.cluster
    options = {one.option for span in truth.spans for one in span.primitives if isinstance(one, p.Reconfigured)}
    if not cluster.vm_monitoring or "vm_monitoring" in options:
        return None
    host, vm = silent.node, str(silent.get("vm"))
    state = truth.history.last("vm", silent.at_ns, node=host, vm=vm)
    if state is not None and state.get("to") == "stopping":
        return None  # the time limit of its shutdown ends it (6 [DD-R])
    wait_ns = max(truth.timers.vmm_failure_ns, truth.timers.vmm_iostats_ns)
    due_ns = silent.at_ns + wait_ns + SPARE_NS + slack_ns(truth)
    before = [r for r in truth.history.where("guest", vm=vm, to="silent") if r.at_ns < silent.at_ns]
    if len(before) >= RESETS or not lasted(
        truth, silent.at_ns, due_ns, lambda segment: own_agent_lives(truth, host, segment)
    ):
        return None
    told = [*truth.history.where("vm", node=host, vm=vm), *truth.history.where("guest", node=host, vm=vm)]
    after = [r for r in told if r.seq > silent.seq and r.at_ns <= due_ns]
    verdict: Verdict = "holds" if after else "violated"
    why = f"its guest hung from {truth.told(silent.at_ns)} on"
    why += "" if after else f", and it was not reset until {truth.told(due_ns)}"
    return Detail(name=vm, verdict=verdict, because=why, evidence=(silent.seq,))


def _shut_down(asked: Record, truth: Truth) -> Detail | None:
    host, vm = asked.node, str(asked.get("vm"))
    config = truth.vms[vm][0]
    seconds = config.guest_shutdown_s
    hung = any(isinstance(one, p.VmHang) and one.vm == vm for span in truth.spans for one in span.primitives)
    if seconds is None or not config.tools or hung:
        return None
    due_ns = asked.at_ns + round(seconds * SECOND) + SPARE_NS + slack_ns(truth)
    if due_ns > truth.end_ns or truth.stood_still(host, asked.at_ns, due_ns):
        return None
    if not lasted(truth, asked.at_ns, due_ns, lambda segment: truth.powered(host, segment)):
        return None
    stays = [s for s in truth.running_on(vm, due_ns) if s.host == host and s.begin_ns < asked.at_ns]
    verdict: Verdict = "violated" if stays else "holds"
    why = f"its guest was asked to shut down at {truth.told(asked.at_ns)}"
    why += f", which takes it {seconds:g} s, and still ran at {truth.told(due_ns)}" if stays else ""
    return Detail(name=vm, verdict=verdict, because=why, evidence=(asked.seq,))


CHECKER = Checker(NAME, ("vm", "fault", "ready"), _check)
