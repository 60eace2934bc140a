"""vCenter notices that a host's own reports stay away.

This module decides that it does so when it has heard nothing of the host for the host timeout, with two seconds to
spare: it looks each second (3.1 [API-ST]; the figure is this lab's own). It leaves what it shows of the host to
`vcenter_belief.py`.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import between_faults, lasted, slack_ns, stretches
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import VCENTER

NAME = "reports-missed"
SPARE_NS = 2 * SECOND
BEFORE_NS = 12 * SECOND
"""So long must vCenter have heard the host before, that it knew of it: two reports."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = [d for host in truth.lab.moids for d in _judge(host, truth)]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'host')} fell silent for vCenter, each missed in time",
        nothing="no host fell silent for vCenter",
    )


def _judge(host: str, truth: Truth) -> list[Detail]:
    def runs(segment: Segment) -> bool:
        return truth.vcenter_runs(segment.begin_ns)

    def heard(segment: Segment) -> bool:
        return truth.agent_runs(host, segment) and truth.linked(VCENTER, host, segment, "8182")

    def silent(segment: Segment) -> bool:
        return runs(segment) and not (truth.agent_runs(host, segment) and truth.hears(VCENTER, host, segment))

    found = []
    spoke = [r for r in truth.history if r.node == host and r.kind in ("role", "config", "slot")]
    for begin_ns, end_ns in stretches(truth, silent):
        due_ns = begin_ns + truth.timers.host_timeout_ns + SPARE_NS + slack_ns(truth)
        before_ns = begin_ns - BEFORE_NS
        known = before_ns >= 0 and lasted(truth, before_ns, begin_ns - 1, lambda s: runs(s) and heard(s))
        if due_ns >= end_ns or not known or any(begin_ns < r.at_ns <= due_ns for r in spoke):
            continue  # It may have lived for a moment between two faults.
        ends = [span.end_ns for span in truth.spans if begin_ns < span.end_ns <= due_ns]
        if not all(silent(between_faults(truth, at_ns)) for at_ns in ends):
            continue
        last = truth.history.last("reports", due_ns, node=VCENTER, host=host)
        missed = last is not None and last.get("to") == "silent"
        verdict: Verdict = "holds" if missed else "violated"
        why = f"no report of it from {truth.told(begin_ns)} on"
        why += "" if missed else f", and vCenter had not missed it at {truth.told(due_ns)}"
        found.append(Detail(name=host, verdict=verdict, because=why, evidence=(last.seq,) if last else ()))
    return found


CHECKER = Checker(NAME, ("fault", "ready"), _check)
