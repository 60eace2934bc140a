"""A network that carries no heartbeat of a peer any more is noticed, while another one carries on.

This module decides that a slave and its master each record it when the peer was silent there for three seconds (2
[AG67-46], the silence of 1.1 [DD-R]), within two heartbeats. Where roles change meanwhile, nothing is asked.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import lasted, own_agent_lives, slack_ns, stretches
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "path-silence"
HEARTBEATS = 2
BEFORE_NS = 5 * SECOND
"""How long the path must have carried before, so that there is something to miss."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = []
    if len(truth.lab.networks) > 1:
        for peer in truth.lab.moids:
            for host in truth.lab.moids:
                if host != peer:
                    details += [d for net in truth.lab.networks for d in _judge(host, peer, net, truth)]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'path')} fell silent, each noticed in time",
        nothing="no path fell silent beside another one",
    )


def _judge(host: str, peer: str, network: str, truth: Truth) -> list[Detail]:
    def both(segment: Segment) -> bool:
        works = own_agent_lives(truth, host, segment) and own_agent_lives(truth, peer, segment)
        return works and truth.linked(host, peer, segment)

    def silent(segment: Segment) -> bool:
        return not carries_packets(segment) and both(segment)  # Nearly every path carries: that is asked first.

    def carries(segment: Segment) -> bool:
        return carries_packets(segment) and both(segment)

    def carries_packets(segment: Segment) -> bool:
        return truth.passes(network, peer, host, segment, "8182")

    found = []
    timers = truth.timers
    for begin_ns, end_ns in stretches(truth, silent):
        due_ns = begin_ns + timers.datastore_watch_after_ns + HEARTBEATS * timers.heartbeat_interval_ns
        due_ns += slack_ns(truth)
        before_ns = begin_ns - BEFORE_NS
        if due_ns >= end_ns or before_ns < 0 or not lasted(truth, before_ns, begin_ns - 1, carries):
            continue
        if not _together(host, peer, before_ns, due_ns, truth):
            continue
        last = truth.history.last("path", due_ns, node=host, host=peer, network=network)
        noticed = last is not None and last.get("to") == "silent"
        verdict: Verdict = "holds" if noticed else "violated"
        why = f"{peer} silent on network {network} from {truth.told(begin_ns)} on, "
        why += "and noticed" if noticed else f"and not noticed until {truth.told(due_ns)}"
        found.append(Detail(name=host, verdict=verdict, because=why, evidence=(last.seq,) if last else ()))
    return found


def _together(host: str, peer: str, begin_ns: int, end_ns: int, truth: Truth) -> bool:
    """Whether one of the two is the other's master all the time."""
    changes = [r for r in truth.history.of_kind("role") if begin_ns <= r.at_ns <= end_ns and r.node in (host, peer)]
    if changes:
        return False
    roles = {truth.role(host, begin_ns), truth.role(peer, begin_ns)}
    slave = host if truth.role(host, begin_ns) == "slave" else peer
    master = peer if slave == host else host
    followed = truth.history.last("role", begin_ns, node=slave)
    return roles == {"master", "slave"} and followed is not None and followed.get("master") == master


CHECKER = Checker(NAME, ("role", "fault", "ready"), _check)
