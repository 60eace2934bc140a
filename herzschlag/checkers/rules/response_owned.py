"""An isolated host stops a VM only if a master owns it: else no master would restart it.

This module decides from the locks of the protected lists who owned the VM's datastore when the response began. A dead
owner counts for as long as its lock looks alive, and a datastore out of reach cannot be asked. This prevents the
isolation of all hosts from stopping every VM of the cluster.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules.list_owners import protected_lists
from herzschlag.checkers.rules.lock_holders import Hold, holds_of
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario

NAME = "response-owned"


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    paths = dict(protected_lists(history))
    details = []
    for act in _first_acts(history):
        datastore = truth.vms[str(act.fields["vm"])][0].datastore
        holds = holds_of(truth, datastore, paths[datastore]) if datastore in paths else []
        details.append(_judge(act, datastore, holds, truth, scenario))
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'VM')} stopped, each with a master to restart it",
        nothing="no isolated host stopped a VM",
    )


def _first_acts(history: History) -> list[Record]:
    """The first response for each VM of each isolation; a later one (power-off after a shutdown) needs no owner."""
    found = []
    begun: set[tuple[str, str]] = set()
    for record in history.of_kind("isolation"):
        if record.get("phase") == "declared":
            begun = {item for item in begun if item[0] != record.node}
        elif record.get("phase") == "response" and (record.node, str(record.get("vm"))) not in begun:
            begun.add((record.node, str(record.get("vm"))))
            found.append(record)
    return found


def _judge(act: Record, datastore: str, holds: list[Hold], truth: Truth, scenario: Scenario) -> Detail:
    name = str(act.fields["vm"])
    if not truth.sees_storage(act.node, truth.segment_at(max(0, act.at_ns - 1)), datastore):
        return Detail(name=name, verdict="holds", because=f"{datastore} could not be asked", evidence=(act.seq,))
    asked_ns = _asked_ns(act, truth)
    for hold in holds:
        known = hold.begin_ns <= act.at_ns and asked_ns <= _looks_held_until(hold, datastore, truth, scenario)
        if hold.host != act.node and known:
            return Detail(name=name, verdict="holds", because=f"{hold.host} owned {datastore}", evidence=(act.seq,))
    why = f"stopped on {act.node} at {truth.told(act.at_ns)} while nobody owned {datastore} ({act.get('because')})"
    return Detail(name=name, verdict="violated", because=why, evidence=(act.seq,))


def _asked_ns(act: Record, truth: Truth) -> int:
    """When the host asked for the owner: one that thaws acts on what it had read before it stood still."""
    asked_ns = act.at_ns
    for segment in reversed([one for one in truth.segments if one.begin_ns < act.at_ns]):
        if p.Frozen(act.node) not in segment.conditions:
            break
        asked_ns = segment.begin_ns
    return asked_ns


def _looks_held_until(hold: Hold, datastore: str, truth: Truth, scenario: Scenario) -> int:
    """A lock that was not released stays on the datastore until its owner has been silent for the lock watch."""
    released = [r for r in truth.history.where("lock", node=hold.host, datastore=datastore) if r.at_ns == hold.end_ns]
    if released:
        return hold.end_ns
    timers = scenario.cluster.timers()
    return hold.end_ns + max(timers.vmfs_lock_watch_ns + timers.vmfs_heartbeat_ns, timers.nfs_lock_stale_ns)


CHECKER = Checker(NAME, ("isolation", "lock", "role", "vm", "fault"), _check)
