"""A host that hears no other and whose isolation addresses do not answer declares itself isolated in time.

This module decides how long that may take: the silence of a master, an election, and the isolation ping (T30 of a
slave, 1.3 [YB-51] [DD-R]); a host that is further on is isolated sooner. It leaves whether isolation was right at all
to `isolation_justified.py`.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import own_agent_lives, slack_ns, stretches
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "isolation-in-time"
SPARE_NS = 5 * SECOND
"""For booting, and for an answer that was under way."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    timers = truth.timers
    limit_ns = timers.master_timeout_ns + timers.election_ns + timers.isolation_ping_ns + SPARE_NS
    addresses = scenario.cluster.isolation_addresses()
    details = []
    for host in truth.lab.moids:
        for begin_ns, end_ns in stretches(truth, lambda s, host=host: _alone(host, addresses, s, truth)):  # type: ignore[misc]
            due_ns = begin_ns + limit_ns + slack_ns(truth)
            if due_ns >= end_ns:
                continue
            role = truth.role(host, due_ns)
            verdict: Verdict = "holds" if role == "isolated" else "violated"
            why = f"alone from {truth.told(begin_ns)} on, and {role} at {truth.told(due_ns)}"
            details.append(Detail(name=host, verdict=verdict, because=why))
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'time')} a host was alone, and isolated in time",
        nothing="no host was alone for long enough",
    )


def _alone(host: str, addresses: tuple[str, ...], segment: Segment, truth: Truth) -> bool:
    if not own_agent_lives(truth, host, segment):
        return False
    if any(
        truth.hears(host, other, segment)
        for other in truth.lab.moids
        if other != host and _sends(other, segment, truth)
    ):
        return False
    return not any(truth.answers(host, address, segment) for address in addresses)


def _sends(other: str, segment: Segment, truth: Truth) -> bool:
    return truth.powered(other, segment)


CHECKER = Checker(NAME, ("role", "fault", "ready"), _check)
