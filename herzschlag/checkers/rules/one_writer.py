"""One writer per VM at any time: locks exist to prevent two copies of a VM from writing to one disk.

This module decides from the disks themselves: every running VM appends its name, host and life to its disk file, so
stretches of different writers that overlap show two copies. A VM that ran and left no disk, or fewer records than it
must have written, makes the verdict unknown: what was lost may have been another writer's. A host that stood still goes
on writing when it moves again, until it looks at its lock: that is foreseen (`second_copies.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.second_copies import STOPPED_WITHIN_NS, second_copy
from herzschlag.checkers.truth import Stay, Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "one-writer"

SHARE_MIN = 0.5
"""Records that must be there, of those that a VM writes in the time. A write that comes late delays all later ones: at
speed 50, where 20 ms lie between two, those of a busy machine are a fifth fewer."""
SLACK_S = 10
"""Time that may be without records at each end of a stay: a VM whose disk did not answer waits for 8 s (the limit of
one I/O), then for its hypervisor."""

Writer = tuple[str, str, str]  # host, its life, life of the VM process


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    disks: dict[str, list[Record]] = {}
    for record in history.of_kind("disk"):
        disks.setdefault(str(record.fields["vm"]), []).append(record)
    details = []
    write_ns = scenario.cluster.timers().vm_write_ns
    for vm, stays in truth.stays.items():
        if vm in disks:
            judged = _judge(vm, disks[vm], truth)
            why = _thin(truth, stays, disks[vm], write_ns) if judged.verdict == "holds" else ""
            details.append(Detail(name=vm, verdict="unknown", because=why) if why else judged)
        elif any(min(stay.end_ns, history.end_ns) - stay.begin_ns > 5 * SECOND for stay in stays):
            details.append(Detail(name=vm, verdict="unknown", because="it ran, but its disk was not read at the end"))
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    return finding(NAME, details, good=f"{counted(len(details), 'disk')}, one writer at a time each", of_none="unknown")


def _thin(truth: Truth, stays: Iterable[Stay], stretches: Sequence[Record], write_ns: int) -> str:
    """What says that records were lost; empty when as many are there as the VM must have left."""
    for stay in stays:
        end_ns = min(stay.end_ns, truth.history.end_ns)
        quiet = _quiet(truth, stay, end_ns)
        must_ns = end_ns - stay.begin_ns - 2 * SLACK_S * SECOND - quiet
        if must_ns <= 0:
            continue
        own = [r for r in stretches if r.fields["host"] == stay.host and r.fields["first_ns"] <= end_ns + SECOND]
        of_stay = [r for r in own if r.fields["last_ns"] >= stay.begin_ns - SECOND]
        count, least = sum(r.fields["count"] for r in of_stay), int(must_ns / write_ns * SHARE_MIN)
        ran = f"it ran on {stay.host} for {(end_ns - stay.begin_ns) / SECOND:.0f} s"
        if count < least:
            return f"{ran} and only {count} of its writes were found, not {least} or more"
        if not quiet and min(r.fields["first_ns"] for r in of_stay) > stay.begin_ns + SLACK_S * SECOND:
            return f"{ran} and its first writes were not found"
    return ""


def _quiet(truth: Truth, stay: Stay, end_ns: int) -> int:
    """How long the VM may have written nothing: while a fault kept its host or its disk from it, or its guest hung."""
    datastore = truth.vms[stay.vm][0].datastore
    quiet_ns = 0
    for segment in truth.segments:
        stopped = any(
            (isinstance(c, p.Frozen) and c.host == stay.host)
            or (isinstance(c, p.StorageLost) and (c.host, c.datastore) == (stay.host, datastore))
            for c in segment.conditions
        )
        if stopped:
            quiet_ns += max(0, min(segment.end_ns + SLACK_S * SECOND, end_ns) - max(segment.begin_ns, stay.begin_ns))
    if any(r.get("vm") == stay.vm for r in truth.history.where("guest", node=stay.host, to="silent")):
        return end_ns - stay.begin_ns
    return quiet_ns


def _judge(vm: str, stretches: Iterable[Record], truth: Truth) -> Detail:
    spans: dict[Writer, tuple[int, int, list[int]]] = {}
    for record in stretches:
        f = record.fields
        writer = (str(f["host"]), str(f["boot"]), str(f.get("life", "")))
        first, last, seqs = spans.get(writer, (f["first_ns"], f["last_ns"], []))
        spans[writer] = (min(first, f["first_ns"]), max(last, f["last_ns"]), [*seqs, record.seq])
    in_order = sorted(spans.items(), key=lambda item: item[1][0])
    latest: tuple[Writer, int, list[int]] | None = None
    foreseen: Detail | None = None
    for writer, (first, last, seqs) in in_order:
        if latest is not None and first < latest[1]:
            until_ns = min(last, latest[1])
            because = f"{latest[0][0]} and {writer[0]} both wrote to its disk for {(until_ns - first) / SECOND:.1f} s"
            because += f" from {truth.told(first)} on"
            evidence = (*latest[2], *seqs)
            second = (writer[0], _started_ns(vm, writer[0], first, truth))
            copy = second_copy(vm, latest[0][0], second, until_ns, truth)
            if not (copy.fine and _may_write(latest[0][0], second, truth.vms[vm][0].datastore, truth)):
                return Detail(name=vm, verdict="violated", because=because, evidence=evidence)
            because += f": {copy.foreseen}"
            foreseen = foreseen or Detail(name=vm, verdict="holds", because=because, evidence=evidence, foreseen=True)
        if latest is None or last > latest[1]:
            latest = (writer, last, seqs)
    return foreseen or Detail(name=vm, verdict="holds", because=f"{len(spans)} writers, one after the other")


def _may_write(host: str, second: tuple[str, int], datastore: str, truth: Truth) -> bool:
    """Whether a host may write beside the second copy: one that stood still, for a write of its VM that was under way
    is finished as soon as it moves; or one that lost its lock to old data. A write that waited for a lost datastore is
    not: the lock is looked at first."""
    blind = truth.saw_old_data((host, second[0]), datastore, second[1])
    return blind or truth.stood_still(host, second[1] - STOPPED_WITHIN_NS, second[1])


def _started_ns(vm: str, host: str, first_ns: int, truth: Truth) -> int:
    """When the copy started whose first write that was."""
    begun = [s.begin_ns for s in truth.stays.get(vm, ()) if s.host == host and s.begin_ns <= first_ns]
    return max(begun, default=first_ns)


CHECKER = Checker(NAME, ("vm", "disk", "fault"), _check)
