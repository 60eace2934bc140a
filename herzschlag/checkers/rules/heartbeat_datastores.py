"""Every host shows its heartbeat on as many datastores as are due, of those that it reaches (5 [DD-F] [WP50]).

This module decides from the truth of storage: a datastore is feasible for a host that reaches it while another one in
vCenter's reach does, too, and, where users chose, if it is among theirs. As many are due; one that another host reached
before it fell silent serves as well. `host-N-hb` is locked there while the host's heartbeat is. vCenter's choice takes
its time: a report, a configuration, a lock that an earlier life of the host left.
"""

from __future__ import annotations

from functools import partial

from herzschlag.agents.datastore.requests import FAILED
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import own_agent_lives, slack_ns, stretches
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.signs_of_life import CHOSEN, heartbeat_datastores
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "heartbeat-datastores"
TOLD_NS = 30 * SECOND
"""A loss is noticed after 25 s at the latest and reported after 5 s."""
CHOSEN_NS = TOLD_NS + 45 * SECOND
"""A stale lock on NFS is broken after 35 s."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = [d for host in truth.lab.moids for d in _judge(host, truth, scenario)]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'time')} a host was left alone with its datastores, with its heartbeat where due",
        nothing="no host was left alone with its datastores for long enough",
    )


def _judge(host: str, truth: Truth, scenario: Scenario) -> list[Detail]:
    most = int(scenario.cluster.options.get("das.heartbeatDsPerHost", CHOSEN))

    def feasible(segment: Segment) -> frozenset[str]:
        others = [other for other in truth.lab.moids if other != host]
        return frozenset(
            name
            for name in heartbeat_datastores(host, truth)
            if _told(host, name, segment, truth) and any(_told(other, name, segment, truth) for other in others)
        )

    def undisturbed(segment: Segment, names: frozenset[str]) -> bool:
        odd = any(isinstance(c, p.StorageLost) and c.access not in ("apd", "pdl") for c in segment.conditions)
        lives = own_agent_lives(truth, host, segment) and truth.vcenter_reaches(host, segment)
        return lives and not odd and feasible(segment) == names

    found = []
    for names in sorted({feasible(segment) for segment in truth.segments}, key=sorted):
        wanted = min(most, len(names))
        for begin_ns, end_ns in stretches(truth, partial(undisturbed, names=names)):
            if not wanted or end_ns - begin_ns < CHOSEN_NS + slack_ns(truth):
                continue
            serve = names | _shared_by_the_silent(host, truth.segment_at(end_ns - 1), truth)
            locks = {name: _lock(host, name, end_ns - 1, truth) for name in sorted(serve)}
            held = [name for name, lock in locks.items() if lock is not None and lock.get("to") == "held"]
            # A program in the lab put something else there, of which vCenter learns nothing.
            damaged = [name for name, lock in locks.items() if lock is not None and _is_damaged(lock)]
            verdict: Verdict = "holds" if len(held) >= wanted else "unknown" if damaged else "violated"
            why = f"its heartbeat is on {' and '.join(held) or 'no datastore'} at {truth.told(end_ns)}"
            if verdict == "violated":
                why += f"; {wanted} of {', '.join(sorted(names))} are due"
            elif verdict == "unknown":
                why += f"; something else is in its place on {' and '.join(damaged)}"
            found.append(Detail(name=host, verdict=verdict, because=why))
    return found


def _told(host: str, datastore: str, segment: Segment, truth: Truth) -> bool:
    """Whether the host reaches the datastore, and vCenter knows."""
    reaches = truth.reaches_storage(host, segment, datastore)
    return reaches and own_agent_lives(truth, host, segment) and truth.vcenter_reaches(host, segment)


def _shared_by_the_silent(host: str, segment: Segment, truth: Truth) -> frozenset[str]:
    """What the host reaches, and another one did as far as vCenter was told: it goes by the last report of each host,
    also of one that is dead since, which may be back at any time."""
    found: set[str] = set()
    for other in (moid for moid in truth.lab.moids if moid != host):
        told = [
            s
            for s in truth.segments
            if s.begin_ns <= segment.begin_ns and own_agent_lives(truth, other, s) and truth.vcenter_reaches(other, s)
        ]
        lately = [s for s in told if s.end_ns > told[-1].end_ns - TOLD_NS]
        names = heartbeat_datastores(host, truth)
        found.update(name for name in names if any(truth.reaches_storage(other, s, name) for s in lately))
    return frozenset(name for name in found if truth.reaches_storage(host, segment, name))


def _is_damaged(lock: Record) -> bool:
    return str(lock.get("because")).endswith(FAILED["damaged"])


def _lock(host: str, datastore: str, at_ns: int, truth: Truth) -> Record | None:
    """What the host recorded last of its heartbeat's lock there."""
    told = [r for r in truth.history.where("lock", node=host, datastore=datastore) if r.at_ns <= at_ns]
    return next((r for r in reversed(told) if str(r.get("path")).endswith(f"/{host}-hb")), None)


CHECKER = Checker(NAME, ("lock", "fault", "ready"), _check)
