"""No lock is held by two hosts at once, and none is denied as free.

This module decides from the hosts' own records of their locks, cut short by what the faults really did: a host without
power holds nothing, and from one that is frozen or has lost the datastore a lock may be taken, whatever it still
believes. A host that gives a lock up no longer holds it from that moment on: on real disks another may have it before
the first learns that its release was written.

What a host says when it is denied a lock has to fit together: a lock is held exactly if it has an owner. One without an
owner is denied where the datastore could not be asked, or takes no write.
"""

from __future__ import annotations

from itertools import combinations

import msgspec

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import FOREVER, Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding, unknown
from herzschlag.faults import primitives as p
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario

NAME = "lock-holders"


class Hold(msgspec.Struct, frozen=True):
    host: str
    begin_ns: int
    end_ns: int
    seq: int


def _check(history: History, scenario: Scenario) -> Finding:
    if not history.of_kind("lock"):
        return unknown(NAME, "no host said anything of its locks")
    truth = Truth.of(history, scenario)
    details = []
    files = {(str(r.fields["datastore"]), str(r.fields["path"])) for r in history.of_kind("lock")}
    for datastore, path in sorted(files):
        holds = _taken_from(holds_of(truth, datastore, path), datastore, truth)
        both_act = [(a, b) for a, b in combinations(holds, 2) if a.host != b.host and _both_act(a, b, truth)]
        blind = [(a, b) for a, b in both_act if _blind(a, b, datastore, truth)]
        both = next((pair for pair in both_act if not _robbed_before(pair, blind)), None)
        name = f"{datastore}/{path}"
        if both is None and (odd := _denied_oddly(truth, datastore, path)) is not None:
            owner, at = str(odd.fields["owner"]), truth.told(odd.at_ns)
            how = f"as free, though {owner} owns it" if owner else "as held, though no host owns it"
            why = f"{odd.node} was denied it at {at} {how}"
            details.append(Detail(name=name, verdict="violated", because=why, evidence=(odd.seq,)))
            continue
        if both is None and blind:
            a, b = blind[0]
            why = f"{b.host} took it from {a.host} at {truth.told(b.begin_ns)}: reads of {datastore} gave old data"
            details.append(Detail(name=name, verdict="holds", because=why, evidence=(a.seq, b.seq), foreseen=True))
            continue
        if both is None:
            details.append(Detail(name=name, verdict="holds", because=f"{len(holds)} holders, one at a time"))
            continue
        a, b = both
        why = f"{b.host} held it from {truth.told(b.begin_ns)} on, while {a.host} still did and could act"
        details.append(Detail(name=name, verdict="violated", because=why, evidence=(a.seq, b.seq)))
    return finding(NAME, details, good=f"{counted(len(details), 'lock')}, one holder at a time each")


def holds_of(truth: Truth, datastore: str, path: str) -> list[Hold]:
    """The holders of this lock, each from when to when."""
    open_holds: dict[str, Record] = {}
    found = []
    for record in truth.history.where("lock", datastore=datastore, path=path):
        if record.fields["to"] == "held":
            before = open_holds.setdefault(record.node, record)
            if _lost_ns(before, truth) < record.at_ns:  # What it held in an earlier life it has taken anew.
                found.append(Hold(record.node, before.at_ns, record.at_ns, before.seq))
                open_holds[record.node] = record
        elif record.fields["to"] in ("free", "lost") and (begun := open_holds.pop(record.node, None)) is not None:
            end_ns = record.at_ns - int(record.get("given_up_ago_ns") or 0)
            found.append(Hold(record.node, begun.at_ns, end_ns, begun.seq))
    found += [Hold(host, begun.at_ns, FOREVER, begun.seq) for host, begun in open_holds.items()]
    return [msgspec.structs.replace(h, end_ns=min(h.end_ns, _lost_ns(truth.history[h.seq], truth))) for h in found]


def _denied_oddly(truth: Truth, datastore: str, path: str) -> Record | None:
    """The first record in which a lock that has an owner is free, or one that has none is held."""
    denied = truth.history.where("lock", datastore=datastore, path=path, to="denied")
    return next((r for r in denied if (r.fields["from"] == "held") != bool(r.fields["owner"])), None)


def _taken_from(holds: list[Hold], datastore: str, truth: Truth) -> list[Hold]:
    """The same holds in the order of their begins, each at its end when another host took the lock while the holder
    could not act. What that holder believes afterwards concerns no third host."""
    left: list[Hold] = []
    for hold in sorted(holds, key=lambda hold: hold.begin_ns):
        left = [
            msgspec.structs.replace(other, end_ns=hold.begin_ns)
            if other.host != hold.host
            and other.end_ns > hold.begin_ns
            and not _can_act(other.host, datastore, hold.begin_ns, truth)
            else other
            for other in left
        ]
        left.append(hold)
    return left


def _can_act(host: str, datastore: str, at_ns: int, truth: Truth) -> bool:
    """Whether before that instant a holder moved, and reached the datastore, for long enough to renew its lock: to
    write its heartbeat, and then the lock."""
    written_ns = 2 * truth.io_delay_ns(host, truth.segment_at(at_ns - 1), datastore)
    lately = truth.between(at_ns - truth.renewal_ns(datastore) - written_ns, at_ns - 1)
    return all(truth.reaches_storage(host, s, datastore) and p.Frozen(host) not in s.conditions for s in lately)


def _lost_ns(held: Record, truth: Truth) -> int:
    """When the holder lost power while holding, or its agent did: the kernel closes what a dead process had open. The
    locks of VMs are the hypervisor's, and outlive the agent."""
    of_agent = not str(held.fields["path"]).endswith(".vmx")
    return truth.next_death_ns(held.node, held.at_ns, of_agent=of_agent)


def _both_act(first: Hold, second: Hold, truth: Truth) -> bool:
    """Whether the second took the lock from a holder that could act on it at that moment (`_taken_from` has
    ended the holds of those that could not). One that could not may rightly lose it; what it writes before it notices
    is the disks' to show."""
    return second.begin_ns < min(first.end_ns, truth.end_ns)


def _blind(first: Hold, second: Hold, datastore: str, truth: Truth) -> bool:
    """Whether the datastore showed one of the two something old: a heartbeat that stands still, though its owner
    lives."""
    return truth.saw_old_data((first.host, second.host), datastore, second.begin_ns)


def _robbed_before(pair: tuple[Hold, Hold], blind: list[tuple[Hold, Hold]]) -> bool:
    """Whether one that read something old, be it the second, had broken the first one's lock by then: it was free for
    the second."""
    first, second = pair
    return any(victim == first and thief.begin_ns <= second.begin_ns for victim, thief in blind)


CHECKER = Checker(NAME, ("lock", "fault"), _check)
