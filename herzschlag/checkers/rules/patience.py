"""A slave gives its master up when it has heard nothing of it for ten seconds, and not before.

This module decides from the truth of links: a heartbeat of a master that works and reaches the slave, both ways, comes
each second (0, 1.2 [DD-R]). A slave that looks for another one sooner after the last of these is impatient. Where the
master itself stops to lead, or an agent is started again, nothing is asked.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import own_agent_lives, slack_ns
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "patience"
SETTLED_NS = 6 * SECOND
"""After this time each of the two knows that the other hears it."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    left = [r for r in history.where("role", to="election") if r.get("from") == "slave"]
    details = [d for record in left if (d := _judge(record, truth)) is not None]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'time')} a slave gave its master up, each after its silence",
        nothing="no slave gave up a master that it could hear before",
    )


def _judge(left: Record, truth: Truth) -> Detail | None:
    slave = left.node
    followed = truth.history.last("role", left.at_ns - 1, node=slave)
    master = str(followed.get("master")) if followed is not None else ""
    if followed is None or master not in truth.lab.moids:
        return None
    led = truth.history.last("role", left.at_ns, node=master)
    if led is None or led.get("to") != "master":
        return None
    since_ns = max(followed.at_ns, led.at_ns)
    heard_ns: int | None = None
    for segment in truth.between(since_ns, left.at_ns):
        lives = own_agent_lives(truth, slave, segment) and own_agent_lives(truth, master, segment)
        if not lives or truth.impaired(segment):
            heard_ns = None
            continue
        begin_ns, end_ns = max(segment.begin_ns, since_ns), min(segment.end_ns, left.at_ns)
        if truth.linked(master, slave, segment, "8182") and end_ns - begin_ns >= SETTLED_NS:
            heard_ns = end_ns - truth.timers.heartbeat_interval_ns
    if heard_ns is None:
        return None
    took_ns, least_ns = left.at_ns - heard_ns, truth.timers.master_timeout_ns
    verdict: Verdict = "holds" if took_ns >= least_ns - slack_ns(truth) else "violated"
    why = f"it heard {master} until {truth.told(heard_ns)} at least, and gave it up {took_ns / SECOND:.1f} s later"
    why += "" if verdict == "holds" else f": {least_ns / SECOND:g} s are due"
    return Detail(name=slave, verdict=verdict, because=why, evidence=(followed.seq, left.seq))


CHECKER = Checker(NAME, ("role", "fault", "ready"), _check)
