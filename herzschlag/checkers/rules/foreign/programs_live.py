"""No program of the system ended but by a fault: one that dies by itself is what the system did, not the harness."""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario
from herzschlag.systems.model import DONE

NAME = "programs-live"
KILLING_NS = SECOND
"""A program that a fault killed is said to have ended at most this much earlier than the fault is in effect: killing
every program of a host takes a while."""


def _check(history: History, scenario: Scenario) -> Finding:
    told = history.of_kind("program")
    if not told:
        return unknown(NAME, "no program was ever started")
    truth = Truth.of(history, scenario)
    system = scenario.cluster.foreign()
    may_end = frozenset(one.name for one in system.programs if one.ends) if system is not None else frozenset[str]()
    details = [_ended(record, truth, may_end) for record in told if record.get("to") == "ended"]
    started = {(record.node, record.get("name")) for record in told}
    return finding(
        NAME,
        details or [Detail(name="programs", verdict="holds", because="none ended")],
        good=f"{counted(len(started), 'program')}, none ended but by a fault",
    )


def _ended(record: Record, truth: Truth, may_end: frozenset[str]) -> Detail:
    name = f"program {record.get('name')} on {record.node}"
    if record.get("name") in may_end and record.get("because") == DONE:
        return Detail(name=name, verdict="holds", because=DONE, evidence=(record.seq,))
    killing = [
        span
        for span in truth.spans
        if abs(span.begin_ns - record.at_ns) <= KILLING_NS
        and any(
            getattr(c, "host", getattr(c, "node", "")) == record.node
            for c in span.primitives
            if isinstance(c, p.AgentDown | p.PowerOff)
        )
    ]
    if killing:
        return Detail(name=name, verdict="holds", because=f"killed by {killing[0].id}", evidence=(record.seq,))
    because = f"ended {record.get('because')} at {truth.told(record.at_ns)}"
    return Detail(name=name, verdict="violated", because=because, evidence=(record.seq,))


CHECKER = Checker(NAME, ("ready",), _check)
