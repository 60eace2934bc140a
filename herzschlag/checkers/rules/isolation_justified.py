"""No host declares itself isolated, or acts on it, while an isolation address answers or an agent can be heard; and
none acts before the delay of the isolation response is over (1.3 [YB-51]), or at all while host monitoring is off (6
[AG60-16]).

This module decides from the truth of links and gateway. A ping goes out each second, so an address counts once it has
been in reach for two.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.pace import too_early
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "isolation-justified"

NOTICE_NS = 2 * SECOND


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    addresses = scenario.cluster.isolation_addresses()
    acts = [r for r in history.of_kind("isolation") if r.get("phase") in ("declared", "response")]
    details = [_too_early(act, truth) or _unmonitored(act, truth) or _judge(act, addresses, truth) for act in acts]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'act')} of isolation, each out of everyone's reach",
        nothing="no host declared itself isolated",
    )


def _judge(act: Record, addresses: tuple[str, ...], truth: Truth) -> Detail:
    segments = list(truth.between(max(0, act.at_ns - NOTICE_NS), act.at_ns - 1)) or [truth.segment_at(act.at_ns)]
    for address in addresses:
        if all(truth.answers(act.node, address, segment) for segment in segments) and not _lossy(truth, act):
            why = f"{act.get('phase')} at {truth.told(act.at_ns)} though {address} answers ({act.get('because')})"
            return Detail(name=act.node, verdict="violated", because=why, evidence=(act.seq,))
    for other in truth.lab.moids:
        if other == act.node or not all(truth.agent_works(other, s) for s in segments):
            continue
        if all(truth.linked(act.node, other, s) for s in segments) and not _lossy(truth, act):
            spoke = [truth.speaks(other, act.node, at_ns) for at_ns in (max(0, act.at_ns - NOTICE_NS), act.at_ns)]
            if not all(spoke):
                continue
            why = f"{act.get('phase')} at {truth.told(act.at_ns)} though {other} ({spoke[1]}) is in reach"
            why += f" ({act.get('because')})"
            return Detail(name=act.node, verdict="violated", because=why, evidence=(act.seq,))
    return Detail(name=act.node, verdict="holds", because="nobody and nothing was in reach", evidence=(act.seq,))


def _too_early(act: Record, truth: Truth) -> Detail | None:
    """A response before its delay was over, by a clock that did not leap."""
    declared = truth.history.last("isolation", act.at_ns, node=act.node, phase="declared")
    if act.get("phase") != "response" or declared is None:
        return None
    took_ns, delay_ns = act.at_ns - declared.at_ns, truth.timers.isolation_response_delay_ns
    if not too_early(truth, declared.at_ns, act.at_ns, delay_ns):
        return None
    why = (
        f"it responded {took_ns / SECOND:.1f} s after it had declared itself isolated, {delay_ns / SECOND:g} s are due"
    )
    return Detail(name=act.node, verdict="violated", because=why, evidence=(declared.seq, act.seq))


def _unmonitored(act: Record, truth: Truth) -> Detail | None:
    if act.get("phase") != "response" or not truth.never_monitored:
        return None
    why = f"it responded at {truth.told(act.at_ns)} though host monitoring is off"
    return Detail(name=act.node, verdict="violated", because=why, evidence=(act.seq,))


def _lossy(truth: Truth, act: Record) -> bool:
    """Whether packets may have been lost, or the host stood still while they came and is only now awake."""
    asleep = truth.stood_still(act.node, act.at_ns - truth.timers.isolation_ping_ns, act.at_ns)
    lately = (*truth.between(max(0, act.at_ns - NOTICE_NS), act.at_ns), truth.segment_at(act.at_ns))
    return asleep or any(truth.impaired(segment) for segment in lately)


CHECKER = Checker(NAME, ("isolation", "role", "fault"), _check)
