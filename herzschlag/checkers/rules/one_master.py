"""One master per connected group, once the group has had time to settle.

This module decides what a group is (hosts with a working agent that all reach each other both ways, and hear no other
host) and how long it may take: the silence before an election, the election, and the isolation ping after it. Where
hosts do not form such a group, masters may rightly differ, and nothing is judged. Of another system whose leader needs
a majority of all hosts, a group without one has none.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "one-master"


def settle_ns(scenario: Scenario) -> int:
    """Silence, an election and the isolation ping, with 5 s to spare; another system's file says its own."""
    if (system := scenario.cluster.foreign()) is not None:
        return round(system.settle_s * SECOND)
    timers = scenario.cluster.timers()
    return timers.master_timeout_ns + timers.election_ns + timers.isolation_ping_ns + 5 * SECOND


def _needs(scenario: Scenario) -> tuple[str, ...]:
    system = scenario.cluster.foreign()
    return ("ready",) if system is not None and not system.has_leader else ("role", "fault", "ready")


def _check(history: History, scenario: Scenario) -> Finding:
    system = scenario.cluster.foreign()
    if system is not None and not system.has_leader:
        return finding(NAME, (), good="", nothing=f"no host of {system.name} leads")
    truth = Truth.of(history, scenario)
    if not history.of_kind("role"):
        return unknown(NAME, "no host said anything of its role")
    limit_ns = settle_ns(scenario)
    ready = history.of_kind("ready")
    if not ready:
        return unknown(NAME, "the cluster never became ready")
    led_from = len(truth.lab.moids) // 2 + 1 if system is not None and system.majority else 1
    details = []
    for segment in truth.segments:
        # The first segment holds the start of everything; from ready on there is nothing left to settle in it.
        from_ns = ready[0].at_ns if segment is truth.segments[0] else segment.begin_ns + limit_ns
        if segment.end_ns <= from_ns or truth.impaired(segment):
            continue
        for group in truth.groups(segment):
            if truth.clique(group, segment):
                details.append(_judge(group, segment, from_ns, truth, 1 if len(group) >= led_from else 0))
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'settled group')}, one master each"
        + (" that has a majority" if led_from > 1 else ""),
        nothing="no group of hosts had the time to settle",
    )


def _judge(group: frozenset[str], segment: Segment, from_ns: int, truth: Truth, leaders: int) -> Detail:
    """Look at the beginning and at the end of what is left of the segment, and at every change of role between."""
    name = ", ".join(sorted(group))
    changes = [r for r in truth.history.of_kind("role") if r.node in group and from_ns < r.at_ns < segment.end_ns]
    for at_ns in (from_ns, *(r.at_ns for r in changes), segment.end_ns - 1):
        roles = {host: truth.role(host, at_ns) for host in group}
        masters = sorted(host for host, role in roles.items() if role == "master")
        # A host alone, with no host and no isolation address in reach, is isolated and rightly not a master.
        alone_ok = leaders == len(group) == 1 and set(roles.values()) <= {"isolated", "master"}
        if len(masters) != leaders and not alone_ok:
            who = " and ".join(masters) or "nobody"
            return Detail(
                name=name,
                verdict="violated",
                because=f"{who} led at {truth.told(at_ns)}, {(at_ns - segment.begin_ns) / SECOND:.0f} s"
                f" after the last change ({', '.join(f'{h} {r}' for h, r in sorted(roles.items()))})",
                evidence=tuple(r.seq for r in truth.history.of_kind("role") if r.node in group and r.at_ns <= at_ns)[
                    -6:
                ],
            )
    return Detail(name=name, verdict="holds", because="one master" if leaders else "no master")


CHECKER = Checker(NAME, _needs, _check)
