"""vCenter against the truth: the state it shows of every host, once it has had the legal time to learn of it.

This module decides that vCenter shows what some master in its reach may rightly believe; of the master itself that it
leads; and, where no master is in reach, what the host itself reports, or that it is unreachable if it reports nothing.
It leaves what a master may believe to `belief.py`.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules.belief import legal_delay_ns, legal_opinions, reign_ns
from herzschlag.checkers.rules.one_master import settle_ns
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import VCENTER

NAME = "vcenter-belief"

OF_ROLE = {
    "uninitialized": "uninitialized",
    "election": "election",
    "slave": "connectedToMaster",
    "master": "master",
    "isolated": "networkIsolated",
}
"""Host state that a host's own report of its role implies."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    timers = scenario.cluster.timers()
    details = []
    for segment in truth.segments:
        at_ns = segment.end_ns - 1
        masters = [host for host in truth.lab.moids if truth.role(host, at_ns) == "master"]
        since_ns = max(segment.begin_ns, *(reign_ns(master, at_ns, truth) for master in masters), 0)
        # A new master reports as soon as it is elected; that there is none shows when the old one is silent.
        finding_out_ns = legal_delay_ns(scenario) if masters else settle_ns(scenario) + timers.host_timeout_ns
        delay_ns = finding_out_ns + timers.report_ns
        if truth.impaired(segment) or at_ns - since_ns < delay_ns:
            continue
        if not truth.powered(VCENTER, segment) or p.VcenterDown() in segment.conditions:
            continue
        if all(truth.clique(group, segment) for group in truth.groups(segment)):
            details += [_judge(host, segment, truth) for host in truth.lab.moids]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'state')} shown, each as the truth allows",
        nothing="no state lasted long enough for vCenter to learn of it",
    )


def _judge(host: str, segment: Segment, truth: Truth) -> Detail:
    at_ns = segment.end_ns - 1
    name = f"{host} at {truth.told(at_ns, 0)}"
    shown = truth.history.last("host-state", at_ns, node=VCENTER, host=host)
    if shown is None:
        return Detail(name=name, verdict="unknown", because="vCenter never showed a state of it")
    legal, why = _legal(host, segment, at_ns, truth)
    if shown.get("to") in legal:
        return Detail(name=name, verdict="holds", because=why, evidence=(shown.seq,))
    because = (
        f"shown as {shown.get('to')} since {truth.told(shown.at_ns)}, but {why}: {' or '.join(sorted(legal))} is right"
    )
    return Detail(name=name, verdict="violated", because=because, evidence=(shown.seq,))


def _legal(host: str, segment: Segment, at_ns: int, truth: Truth) -> tuple[set[str], str]:
    roles = {moid: truth.role(moid, at_ns) for moid in truth.lab.moids if truth.agent_works(moid, segment)}
    masters = [moid for moid, role in roles.items() if role == "master" and truth.hears(VCENTER, moid, segment)]
    reports = truth.agent_runs(host, segment) and truth.hears(VCENTER, host, segment)
    own = {OF_ROLE[truth.role(host, at_ns)]} if reports else set[str]()
    if not masters:
        # What a host says of itself is shown then; only one that says nothing is unreachable.
        return own or {"fdmUnreachable"}, "no master is in vCenter's reach"
    legal: set[str] = set()
    reasons = []
    for master in masters:
        if master == host:
            legal.add("master")
            reasons.append("it leads")
        else:
            opinions, why = legal_opinions(master, host, segment, truth, truth.timers.report_ns)
            legal |= opinions
            reasons.append(f"for {master} {why}")
    # What a host reports itself is shown while its master has no opinion of it.
    return legal | (own & {"uninitialized", "election"}), ", ".join(reasons)


CHECKER = Checker(NAME, ("host-state", "role", "fault", "vcenter"), _check)
