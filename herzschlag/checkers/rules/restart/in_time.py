"""A protected VM whose host died, or that an isolated host stopped, is restarted in time.

This module decides by the settings how long its master may take from the moment at which nothing changes any more: to
take a silent host for dead (T18, 1.1 [DD-R]; later if it answered ping until then, 3.2), or to read what an isolated
one has stopped (each 30 s, 1.3); a new master waits its delay and until it holds the VM's list (1.2, 1.5). That the
restart begins is enough: its attempts and its place are for `attempts.py` and `placement.py`.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import own_agent_lives, slack_ns
from herzschlag.checkers.leading import leads_since, same_reign
from herzschlag.checkers.rules.belief import legal_delay_ns, passes_until_ns
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.signs_of_life import shows_heartbeat
from herzschlag.checkers.truth import Stay, Truth
from herzschlag.checkers.unrestarted import unrestarted, used_up_by
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "restart-in-time"
SPARE_NS = 10 * SECOND


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = []
    if history.of_kind("ready") and truth.monitored:
        switched = {one.vm for span in truth.spans for one in span.primitives if isinstance(one, p.VmPower)}
        for vm, (config, _, on) in truth.vms.items():
            if on and config.protected and vm not in switched:
                stays = truth.stays.get(vm, ())
                for number, stay in enumerate(stays):
                    until_ns = stays[number + 1].begin_ns if number + 1 < len(stays) else truth.end_ns
                    if stay.end_ns < until_ns and (found := _judge(vm, stay, until_ns, truth)) is not None:
                        details.append(found)
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'VM')} restarted in time",
        nothing="no VM waited for a restart that nothing was in the way of",
    )


def _judge(vm: str, stay: Stay, until_ns: int, truth: Truth) -> Detail | None:
    """None: there was not enough time in which nothing changed."""
    datastore = truth.vms[vm][0].datastore
    if unrestarted(vm, stay.host, stay.end_ns, truth) or _waits_for_an_attempt(vm, stay, truth):
        return None
    confirmed = [r for r in truth.history.where("protect", vm=vm, phase="confirmed") if r.at_ns < stay.end_ns]
    if not confirmed:
        return None
    for segment in truth.between(stay.end_ns, until_ns):
        end_ns = min(segment.end_ns, until_ns)
        for master in truth.lab.moids:
            since_ns = leads_since(master, datastore, end_ns - 1, truth)
            if since_ns is None or truth.impaired(segment) or not truth.sees_storage(master, segment, datastore):
                continue  # a datastore that is lost takes its list with it (1.5 [YB-OWN])
            limit_ns = _limit_ns(stay, master, segment, truth)
            if limit_ns is None:
                continue
            began_ns = max(segment.begin_ns, stay.end_ns, since_ns)
            due_ns = began_ns + limit_ns
            if due_ns >= end_ns or used_up_by(vm, stay.end_ns, due_ns, truth) == master:
                continue
            told = [r for r in truth.history.where("restart", vm=vm) if stay.end_ns <= r.at_ns <= due_ns]
            verdict: Verdict = "holds" if told else "violated"
            why = f"ended on {stay.host} at {truth.told(stay.end_ns)}"
            why += "" if told else f", and {master} had not begun to restart it at {truth.told(due_ns)}"
            return Detail(name=vm, verdict=verdict, because=why, evidence=(stay.begin,))
    return None


def _waits_for_an_attempt(vm: str, stay: Stay, truth: Truth) -> bool:
    """Whether a restart had begun before the VM ended, as of a host that was cut off or only stood still, and goes on:
    it is ordered or waits for room, as long as the reign lasts, or its last attempt failed, and the time of the next
    one is for `attempts.py`."""
    before = [r for r in truth.history.where("restart", vm=vm) if r.at_ns < stay.end_ns]
    if not before or before[-1].get("phase") not in ("failed", "begins", "pending", "ordered"):
        return False
    return before[-1].get("phase") == "failed" or same_reign(before[-1], stay.end_ns, truth)


def _limit_ns(stay: Stay, master: str, segment: Segment, truth: Truth) -> int | None:
    """How long the master may take; None where nothing can be asked of it."""
    host = stay.host
    group = next((g for g in truth.groups(segment) if master in g), frozenset())
    if host == master or not own_agent_lives(truth, master, segment) or not truth.clique(group, segment):
        return None
    limit_ns = legal_delay_ns(truth.scenario) + SPARE_NS + slack_ns(truth)
    if not truth.powered(host, segment):
        passes_ns = passes_until_ns(master, host, segment, truth) - segment.begin_ns
        return max(limit_ns, passes_ns + SPARE_NS + slack_ns(truth))
    role = truth.role(host, min(segment.end_ns, truth.end_ns) - 1)
    names = [d.name for d in truth.lab.datastores_of(host)]
    free = all(truth.sees_storage(end, segment, name) for end in (host, master) for name in names)
    slow = any(truth.io_delay_ns(end, segment, name) for end in (host, master) for name in names)
    cut_off = host not in group and not truth.hears(master, host, segment)
    read = free and not slow and truth.writes_everywhere(host, segment)
    if role == "isolated" and cut_off and read and shows_heartbeat(host, master, segment, truth):
        return limit_ns + truth.timers.poweron_poll_ns
    return None


CHECKER = Checker(NAME, ("restart", "vm", "lock", "role", "fault"), _check)
