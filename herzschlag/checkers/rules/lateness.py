"""The machine kept up: a run whose timers fired late says nothing about the protocol.

This module decides the budget: lateness, in protocol time, may not exceed what the timeline allows an instant to
deviate. That goes for timers of all processes, for faults, which must be in force that soon after the moment planned,
and for packets in the relay of bad lines, which must leave that soon after the line lets them go. A run beyond it is
unknown, never holds and never violated. In the simulation nothing is ever late.
"""

from __future__ import annotations

import msgspec

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.line_effect import told_of_lines
from herzschlag.checkers.pace import excused, late_line_s, late_s, speed_of, stood_still, tolerance_s, took_s
from herzschlag.checkers.verdict import Detail, Finding, Verdict, finding, unknown
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "lateness"


def _check(history: History, scenario: Scenario) -> Finding:
    runs = history.of_kind("run")
    if not runs:
        return unknown(NAME, "there is no record of how the run began")
    if runs[0].get("backend") == "simulation":
        return finding(NAME, (), good="", nothing="virtual time is never late")
    speed = speed_of(history)
    budget_s = tolerance_s(speed)
    stopped = stood_still(history, scenario)
    details = []
    told = [record for record in history.of_kind("lateness") if record.at_ns >= _judged_from_ns(history, scenario)]
    for record in told:
        if excused(record, stopped):
            continue  # a host that was frozen on purpose wakes up late
        late = late_s(record, speed)
        verdict: Verdict = "holds" if late <= budget_s else "unknown"
        name = f"{record.node} {record.get('process') or ''}".strip()
        because = f"a timer fired {late:.3f} s of protocol time late, {budget_s:.2f} s are allowed"
        details.append(
            Detail(
                name=name,
                verdict=verdict,
                because=because,
                evidence=(record.seq,),
                measured_s=late,
                allowed_s=budget_s,
            )
        )
    details += [_fault(record, budget_s, speed) for record in history.of_kind("fault")]
    details += [_line(record, late_line_s(line), budget_s) for record, line in told_of_lines(history)]
    silent = set(scenario.cluster.topology().moids) - {record.node for record in history.of_kind("lateness")}
    details += [
        Detail(name=host, verdict="unknown", because="never said how late its timers were")
        for host in silent - stopped.keys()
    ]
    largest = max((float(record.get("max_ns") or 0) for record in told), default=0.0)
    good = f"no timer more than {largest / 1e6:.1f} ms of real time late, {budget_s / speed * 1000:.0f} ms are allowed"
    found = finding(NAME, details, good=good, of_none="unknown")
    doubtful = [d for d in details if d.verdict == "unknown"]
    return found if len(doubtful) < 2 else msgspec.structs.replace(found, because=_summed_up(doubtful))


def _judged_from_ns(history: History, scenario: Scenario) -> int:
    """Programs of another system start all at once, with all their might, and nothing is measured until they are ready;
    our own agents take part from their first heartbeat on."""
    ready = history.of_kind("ready")
    return ready[0].at_ns if ready and scenario.cluster.system else 0


def _summed_up(late: list[Detail]) -> str:
    """The worst, and how many more there are: they all say the same of the machine."""
    worst = max(late, key=lambda d: d.measured_s or 0.0)
    return f"{worst.name}: {worst.because}; and {len(late) - 1} more"


def _line(record: Record, late_s: float, budget_s: float) -> Detail:
    because = f"a packet left the relay {late_s:.3f} s of protocol time late, {budget_s:.2f} s are allowed"
    verdict: Verdict = "holds" if late_s <= budget_s else "unknown"
    return Detail(name=f"lines of {record.get('id')}", verdict=verdict, because=because, evidence=(record.seq,))


def _fault(record: Record, budget_s: float, speed: float) -> Detail:
    """A fault must be in force in time; undoing one must begin in time, for a host takes its while to boot. `took_ns`:
    where the record's instant is the beginning of the change, how long it took, of real time."""
    came_ns = int(record.get("asked_ns") or record.at_ns)
    if record.get("phase") == "begin":
        came_ns = record.at_ns + round(took_s(record, speed)[1] * SECOND)
    late_s = (came_ns - int(record.get("planned_ns") or came_ns)) / SECOND
    name = f"fault {record.get('id')} {record.get('phase')}"
    because = f"came {late_s:.3f} s of protocol time after the moment planned, {budget_s:.2f} s are allowed"
    verdict: Verdict = "holds" if late_s <= budget_s else "unknown"
    return Detail(
        name=name,
        verdict=verdict,
        because=because,
        evidence=(record.seq,),
        measured_s=max(0.0, late_s),
        allowed_s=budget_s,
    )


CHECKER = Checker(NAME, ("run",), _check)
