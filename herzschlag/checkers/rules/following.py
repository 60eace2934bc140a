"""No slave goes on following a master that has given it up: what the two think of each other fits together.

This module decides from both hosts' own records: a master that takes a slave for dead, unreachable, partitioned or
isolated may do so because no heartbeat of the slave arrives, and then says so in its own heartbeats. A slave that hears
that for ten seconds looks for another master (decisions 4 and 8), three seconds before its master's verdict at T15.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "following"

GIVEN_UP = ("hostDown", "fdmUnreachable", "networkPartitionedFromMaster", "networkIsolated")
PATIENCE_NS = 10 * SECOND
"""How long both may go on: a slave that hears nothing at all any more looks for another master after this time."""


def _check(history: History, scenario: Scenario) -> Finding:
    if not history.of_kind("role"):
        return unknown(NAME, "no host said anything of its role")
    truth = Truth.of(history, scenario)
    opinions = [r for r in history.of_kind("host-state") if r.get("to") in GIVEN_UP and r.node in truth.lab.moids]
    details = [d for opinion in opinions if (d := _judge(opinion, truth)) is not None]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'time')} a master gave a host up, and none went on following it",
        nothing="no master gave a host up for long",
    )


def _judge(opinion: Record, truth: Truth) -> Detail | None:
    """None: the opinion did not last, or nothing can be asked of the two meanwhile."""
    master, slave = opinion.node, str(opinion.fields["host"])
    until_ns = opinion.at_ns + PATIENCE_NS
    if until_ns > truth.end_ns or slave not in truth.lab.moids:
        return None
    for segment in truth.between(opinion.at_ns - PATIENCE_NS, until_ns):
        both = truth.agent_works(master, segment) and truth.agent_works(slave, segment)
        if not both or truth.impaired(segment):
            return None
    history = truth.history
    changed = [r for r in history.where("host-state", node=master, host=slave) if opinion.at_ns < r.at_ns <= until_ns]
    if truth.role(master, until_ns) != "master" or any(r.get("to") not in GIVEN_UP for r in changed):
        return None
    role = history.last("role", until_ns, node=slave)
    if role is None or role.get("to") != "slave" or role.get("master") != master or role.at_ns > opinion.at_ns:
        return Detail(name=slave, verdict="holds", because=f"it does not follow {master}", evidence=(opinion.seq,))
    why = f"it still follows {master} at {truth.told(until_ns)}, which calls it {opinion.get('to')} since"
    why += f" {truth.told(opinion.at_ns)} ({opinion.get('because')})"
    return Detail(name=slave, verdict="violated", because=why, evidence=(role.seq, opinion.seq))


CHECKER = Checker(NAME, ("role", "host-state", "fault"), _check)
