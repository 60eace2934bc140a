"""One writer per VM at any time: locks exist to prevent two copies of a VM from writing to one disk.

This module decides from the disks themselves: every running VM appends its name, host and life to its disk file, so
stretches of different writers that overlap show two copies. A VM that ran without leaving a disk behind, or left less
on it than it must have written, makes the verdict unknown: what is missing may be the second copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from herzschlag.agents.settings import Timers
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Stay, Truth
from herzschlag.checkers.verdict import Detail, Finding, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "one-writer"

WRITE_NS = Timers().vm_write_ns
EXPECTED_MIN = 10
SHARE_MIN = 0.5
"""Of the writes that a VM makes undisturbed, this much must be there; on a busy machine it makes fewer."""

Writer = tuple[str, str, str]  # host, its life, life of the VM process


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth(history, scenario)
    disks: dict[str, list[Record]] = {}
    for record in history.of_kind("disk"):
        disks.setdefault(str(record.fields["vm"]), []).append(record)
    details = []
    for vm, stays in truth.stays.items():
        if vm in disks:
            judged = _judge(vm, disks[vm])
            thin = _thin(truth, vm, disks[vm]) if judged.verdict == "holds" else ""
            details.append(Detail(name=vm, verdict="unknown", because=thin) if thin else judged)
        elif any(min(stay.end_ns, history.end_ns) - stay.begin_ns > 5 * SECOND for stay in stays):
            details.append(Detail(name=vm, verdict="unknown", because="it ran, but its disk was not read at the end"))
    if not truth.vms:
        return finding(NAME, (), good="there are no VMs")
    return finding(NAME, details, good=f"{len(details)} disks, one writer at a time each", of_none="unknown")


def _thin(truth: Truth, vm: str, stretches: Iterable[Record]) -> str:
    """What is missing on the disk, in words. Only stays are asked about in which nothing kept the VM from writing."""
    if any(c == p.VmHang(vm=vm) for span in truth.spans for c in span.primitives):
        return ""
    written: Counter[str] = Counter()
    for record in stretches:
        written[str(record.fields["host"])] += int(record.fields["count"])
    undisturbed_ns: Counter[str] = Counter()
    for stay in truth.stays[vm]:
        end_ns = min(stay.end_ns, truth.end_ns)
        if not any(_keeps(c, stay) for s in truth.between(stay.begin_ns, end_ns) for c in s.conditions):
            undisturbed_ns[stay.host] += end_ns - stay.begin_ns
    for host, length_ns in undisturbed_ns.items():
        expected = length_ns // WRITE_NS
        if expected >= EXPECTED_MIN and written[host] < expected * SHARE_MIN:
            return f"it ran on {host} for {length_ns / SECOND:.0f} s, but {written[host]} writes of that host are on it"
    return ""


def _keeps(condition: p.AnyCondition, stay: Stay) -> bool:
    """Whether it may keep a running VM from writing."""
    match condition:
        case p.PowerOff(node=node):
            return node == stay.host
        case p.Frozen(host=host) | p.StorageLost(host=host):
            return host == stay.host
        case _:
            return False


def _judge(vm: str, stretches: Iterable[Record]) -> Detail:
    spans: dict[Writer, tuple[int, int, list[int]]] = {}
    for record in stretches:
        f = record.fields
        writer = (str(f["host"]), str(f["boot"]), str(f.get("life", "")))
        first, last, seqs = spans.get(writer, (f["first_ns"], f["last_ns"], []))
        spans[writer] = (min(first, f["first_ns"]), max(last, f["last_ns"]), [*seqs, record.seq])
    in_order = sorted(spans.items(), key=lambda item: item[1][0])
    latest: tuple[Writer, int, list[int]] | None = None
    for writer, (first, last, seqs) in in_order:
        if latest is not None and first < latest[1]:
            both_s = (min(last, latest[1]) - first) / SECOND
            return Detail(
                name=vm,
                verdict="violated",
                because=f"{latest[0][0]} and {writer[0]} both wrote to its disk for {both_s:.1f} s"
                f" from {first / SECOND:.1f} s on",
                evidence=(*latest[2], *seqs),
            )
        if latest is None or last > latest[1]:
            latest = (writer, last, seqs)
    return Detail(name=vm, verdict="holds", because=f"{len(spans)} writers, one after the other")


CHECKER = Checker(NAME, ("vm", "disk", "fault"), _check)
