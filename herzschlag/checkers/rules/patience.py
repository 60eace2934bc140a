"""A slave gives its master up when it has heard nothing of it for ten seconds, by its own clock, and not before.

This module decides from the truth of links: a heartbeat of a master that works and reaches the slave, both ways, comes
each second (0, 1.2 [DD-R]). A slave that looks for another one sooner after the last of these is impatient. Where the
master itself stops to lead, or an agent is started again, nothing is asked. A clock that leaps ahead by more than that
ends its patience at once (1.2 (derived)): else the fault of the clock did not reach the agent.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.clocks import Leap
from herzschlag.checkers.lasting import lasted, own_agent_lives, slack_ns
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "patience"
SETTLED_NS = 6 * SECOND
"""After this time each of the two knows that the other hears it."""
CALM_NS = 8 * SECOND
"""A slave that followed for this time, and was heard, has nothing else to wait for."""
NOTICED_NS = 2 * SECOND
"""What is due by its own clock it does at once."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    left = [r for r in history.where("role", to="election") if r.get("from") == "slave"]
    details = [d for record in left if (d := _judge(record, truth)) is not None]
    details += [d for leap in truth.clocks.leaps if (d := _leapt(leap, truth)) is not None]
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


def _leapt(leap: Leap, truth: Truth) -> Detail | None:
    """What a slave that followed calmly does in the moment after its clock was set ahead by more than its patience."""
    slave, at_ns = leap.host, leap.at_ns
    followed = truth.history.last("role", at_ns - 1, node=slave)
    if followed is None or followed.get("to") != "slave" or leap.by_ns < truth.timers.master_timeout_ns + SECOND:
        return None
    master = str(followed.get("master"))

    def calm(segment: Segment) -> bool:
        lives = own_agent_lives(truth, slave, segment) and own_agent_lives(truth, master, segment)
        return lives and truth.linked(master, slave, segment, "8182")

    before_ns, until_ns = at_ns - CALM_NS, at_ns + NOTICED_NS + slack_ns(truth)
    if followed.at_ns > before_ns or until_ns > truth.end_ns or not lasted(truth, before_ns, at_ns - 1, calm):
        return None
    again = [one for one in truth.clocks.leaps if one.host == slave and at_ns < one.at_ns <= until_ns]
    if again or not all(own_agent_lives(truth, slave, segment) for segment in truth.between(at_ns, until_ns)):
        return None
    left = [r for r in truth.history.of_kind("role", node=slave) if at_ns <= r.at_ns <= until_ns]
    why = f"its clock leapt {leap.by_ns / SECOND:g} s ahead at {truth.told(at_ns)}, and it "
    why += "looked for a master at once" if left else f"still follows {master}: its patience was over"
    evidence = (followed.seq, *(r.seq for r in left[:1]))
    return Detail(name=slave, verdict="holds" if left else "violated", because=why, evidence=evidence)


CHECKER = Checker(NAME, ("role", "fault", "ready"), _check)
