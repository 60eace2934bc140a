"""Only a master holds protected lists: a host that is isolated, abdicates or follows releases them.

This module decides how long that may take while the host can reach the datastore. A list that is kept keeps the next
master from its VMs, and permits the isolation response to hosts whose VMs no master would restart.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules.lock_holders import Hold, holds_of
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "list-owners"

RELEASE_NS = 5 * SECOND
"""Releasing is one write; a lock won at the last moment is released at once."""
OPERATIONS = 2
"""Those two, each of which takes its time on a slow datastore."""


def protected_lists(history: History) -> list[tuple[str, str]]:
    """(datastore, path) of every protectedlist that was ever locked."""
    found = {(str(r.fields["datastore"]), str(r.fields["path"])) for r in history.of_kind("lock")}
    return sorted(item for item in found if item[1].endswith("protectedlist"))


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    lists = protected_lists(history)
    if not lists:
        return unknown(NAME, "nobody ever locked a protectedlist")
    details = [_judge(hold, d, truth) for d, path in lists for hold in holds_of(truth, d, path)]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'time')} a protectedlist was held, each time by a master",
        nothing="no protectedlist was held",
    )


def _judge(hold: Hold, datastore: str, truth: Truth) -> Detail:
    end_ns = min(hold.end_ns, truth.end_ns)
    changes = [r.at_ns for r in truth.history.of_kind("role", node=hold.host) if hold.begin_ns < r.at_ns < end_ns]
    for since_ns in (hold.begin_ns, *changes):
        slowest_ns = max(
            (truth.io_delay_ns(hold.host, s, datastore) for s in truth.between(since_ns, since_ns + RELEASE_NS)),
            default=0,
        )
        late_ns = since_ns + RELEASE_NS + OPERATIONS * slowest_ns
        leapt = any(w.host == hold.host and w.begin_ns <= since_ns < w.end_ns for w in truth.clocks.unrest)
        if leapt or late_ns >= end_ns or _master_within(hold.host, since_ns, late_ns, truth):
            continue
        if all(_could_write(hold.host, datastore, s, truth) for s in truth.between(since_ns, late_ns)):
            why = f"{hold.host} kept its protectedlist though it was {truth.role(hold.host, late_ns)}"
            why += f" from {truth.told(since_ns)} on"
            return Detail(name=datastore, verdict="violated", because=why, evidence=(hold.seq,))
    return Detail(name=datastore, verdict="holds", because=f"{hold.host} held it as master", evidence=(hold.seq,))


def _master_within(host: str, begin_ns: int, end_ns: int, truth: Truth) -> bool:
    changes = [r.at_ns for r in truth.history.of_kind("role", node=host) if begin_ns < r.at_ns <= end_ns]
    return any(truth.role(host, at_ns) == "master" for at_ns in (begin_ns, *changes))


def _could_write(host: str, datastore: str, segment: Segment, truth: Truth) -> bool:
    return truth.reaches_storage(host, segment, datastore) and p.Frozen(host) not in segment.conditions


CHECKER = Checker(NAME, ("role", "lock", "fault"), _check)
