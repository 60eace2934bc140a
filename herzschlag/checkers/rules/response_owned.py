"""An isolated host stops a VM only if a master owns it: else no master would restart it.

This module decides from the locks of the protected lists who owned the VM's datastore when the response began. A dead
owner counts for as long as its lock looks alive to the host that asks, and a datastore out of reach cannot be asked.
This prevents the isolation of all hosts from stopping every VM of the cluster.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules.list_owners import protected_lists
from herzschlag.checkers.rules.lock_holders import Hold, holds_of
from herzschlag.checkers.second_copies import lock_watch
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
        details.append(_judge(act, datastore, holds, truth))
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


def _judge(act: Record, datastore: str, holds: list[Hold], truth: Truth) -> Detail:
    name = str(act.fields["vm"])
    if not truth.sees_storage(act.node, truth.segment_at(max(0, act.at_ns - 1)), datastore):
        return Detail(name=name, verdict="holds", because=f"{datastore} could not be asked", evidence=(act.seq,))
    for hold in holds:
        until_ns = _looks_held_until(hold, act, datastore, holds, truth)
        if hold.host != act.node and hold.begin_ns <= act.at_ns <= until_ns:
            return Detail(name=name, verdict="holds", because=f"{hold.host} owned {datastore}", evidence=(act.seq,))
    why = f"stopped on {act.node} at {truth.told(act.at_ns)} while nobody owned {datastore} ({act.get('because')})"
    return Detail(name=name, verdict="violated", because=why, evidence=(act.seq,))


def _looks_held_until(hold: Hold, act: Record, datastore: str, holds: list[Hold], truth: Truth) -> int:
    """A lock that was not released stays on the datastore until its owner has been silent for the lock watch. A host
    that begins its watches anew has not seen that silence; if another host took the lock meanwhile, it reads that.

    The host asks one question at a time, which takes two operations: it reads the lock, then whether its owner lives.
    On NFS the second shows the lock again, on VMFS the owner's heartbeat [KB-HB]: the lock may be free by then.
    """
    operation_ns = _operation_ns(hold.end_ns, act, datastore, truth)
    if _released(hold, datastore, truth):
        kind = truth.lab.datastore(datastore).kind
        return hold.end_ns + (operation_ns if kind == "vmfs" else 0)
    watch_ns = lock_watch(datastore, truth)[0] + truth.timers.owner_poll_ns + 2 * operation_ns
    anew_ns = max(_watches_anew_ns(act, truth), _reads_again_ns(act, datastore, truth))
    taken = any(hold.begin_ns < other.begin_ns <= act.at_ns for other in holds if other.host != hold.host)
    return (hold.end_ns if taken else max(hold.end_ns, anew_ns)) + watch_ns


def _released(hold: Hold, datastore: str, truth: Truth) -> bool:
    """Whether its owner let go of it. One that dies, be it in the instant in which it took the lock, does not."""
    told = truth.history.where("lock", node=hold.host, datastore=datastore, path=truth.history[hold.seq].fields["path"])
    return any(r.at_ns == hold.end_ns and r.fields["to"] in ("free", "lost") for r in told)


def _operation_ns(since_ns: int, act: Record, datastore: str, truth: Truth) -> int:
    """How long an operation of the host on the datastore may have taken since then."""
    return max((truth.io_delay_ns(act.node, s, datastore) for s in truth.between(since_ns, act.at_ns)), default=0)


def _reads_again_ns(act: Record, datastore: str, truth: Truth) -> int:
    """When the host last got the datastore back, which it tries once a second (5 [VMFS-T]), and could look at a lock
    there for the first time; 0: it never lost it."""
    lost = [s for s in truth.between(0, act.at_ns) if not truth.sees_storage(act.node, s, datastore)]
    return lost[-1].end_ns + truth.timers.vmfs_retry_ns if lost else 0


def _watches_anew_ns(act: Record, truth: Truth) -> int:
    """When the host last began every lock watch anew, because it had stood still or its clock had leapt ahead for
    longer than `Timers.leap_ns` (docs/decisions/0016); 0: never."""
    leap_ns = truth.timers.leap_ns
    found = [w.at_ns for w in truth.clocks.leaps if w.host == act.node and w.at_ns <= act.at_ns and w.by_ns > leap_ns]
    begin_ns = end_ns = -1
    for span in truth.spans:
        if p.Frozen(act.node) in span.primitives and span.begin_ns < act.at_ns:
            begin_ns = begin_ns if span.begin_ns <= end_ns else span.begin_ns
            end_ns = max(end_ns, min(span.end_ns, act.at_ns))
            if end_ns - begin_ns > leap_ns:
                found.append(end_ns)
    return max(found, default=0)


CHECKER = Checker(NAME, ("isolation", "lock", "role", "vm", "fault"), _check)
