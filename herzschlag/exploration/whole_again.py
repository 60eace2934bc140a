"""Liveness: after the last fault is healed the cluster becomes whole again, within a bound.

This module decides what whole means, by nothing but the last records: one master whom all other hosts follow, which
takes each of them for connected, as vCenter does; and every VM that is to run runs once. The bound is the time that a
schedule goes on after its last change (`drawing.LAST_S`): a clock that was set back stands still for a minute, then
come 10 s of silence, an election of 15 s, 10 s until its winner restarts VMs, 30 s until a file is read again, twice.
"""

from __future__ import annotations

from herzschlag.checkers.truth import Truth
from herzschlag.checkers.unrestarted import unrestarted
from herzschlag.checkers.verdict import Detail, Finding, Verdict, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import History
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import VCENTER

NAME = "whole-again"


def whole_again(history: History, scenario: Scenario) -> Finding:
    """The finding of a schedule in which everything that can be undone was undone."""
    truth = Truth.of(history, scenario)
    if not history.of_kind("end"):
        return unknown(NAME, "the run did not come to its end")
    if any(isinstance(c, p.Condition) for c in truth.segments[-1].conditions):
        return finding(NAME, (), good="", nothing="a fault lasts until the end")
    roles = {host: truth.role(host, history.end_ns) for host in truth.lab.moids}
    masters = [host for host, role in roles.items() if role == "master"]
    if len(masters) != 1:
        why = f"{' and '.join(masters) or 'no host'} leads at the end ({roles})"
        return finding(NAME, [Detail(name="roles", verdict="violated", because=why)], good="")
    details = [_host(host, masters[0], roles[host], history) for host in truth.lab.moids if host != masters[0]]
    switched = {one.vm for span in truth.spans for one in span.primitives if isinstance(one, p.VmPower)}
    for vm, (config, _, on) in truth.vms.items():
        if on and config.protected and vm not in switched:
            hosts = [stay.host for stay in truth.running_on(vm, history.end_ns)]
            ended = [stay for stay in truth.stays[vm] if not hosts and stay.end_ns <= history.end_ns][-1:]
            excused = any(unrestarted(vm, stay.host, stay.end_ns, truth) for stay in ended)
            verdict: Verdict = "holds" if len(hosts) == 1 or excused else "violated"
            why = f"runs on {' and '.join(hosts) or 'no host'} at the end"
            details.append(Detail(name=vm, verdict=verdict, because=why))
    return finding(NAME, details, good=f"{masters[0]} leads all others, every VM runs once")


def _host(host: str, master: str, role: str, history: History) -> Detail:
    wrong = []
    followed = history.last("role", history.end_ns, node=host)
    if role != "slave" or followed is None or followed.get("master") != master:
        wrong.append(f"it is {role}, and {master} leads")
    for who in (master, VCENTER):
        opinion = history.last("host-state", history.end_ns, node=who, host=host)
        if opinion is None or opinion.get("to") != "connectedToMaster":
            wrong.append(f"{who} takes it for {None if opinion is None else opinion.get('to')}")
    return Detail(name=host, verdict="violated" if wrong else "holds", because="; ".join(wrong) or f"follows {master}")
