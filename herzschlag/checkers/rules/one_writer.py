"""One writer per VM at any time: locks exist to prevent two copies of a VM from writing to one disk.

This module decides from the disks themselves: every running VM appends its name, host and life to its disk file, so
stretches of different writers that overlap show two copies. A VM that ran without leaving a disk behind makes the
verdict unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, finding
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "one-writer"

Writer = tuple[str, str, str]  # host, its life, life of the VM process


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth(history, scenario)
    disks: dict[str, list[Record]] = {}
    for record in history.of_kind("disk"):
        disks.setdefault(str(record.fields["vm"]), []).append(record)
    details = []
    for vm, stays in truth.stays.items():
        if vm in disks:
            details.append(_judge(vm, disks[vm]))
        elif any(min(stay.end_ns, history.end_ns) - stay.begin_ns > 5 * SECOND for stay in stays):
            details.append(Detail(name=vm, verdict="unknown", because="it ran, but its disk was not read at the end"))
    if not truth.vms:
        return finding(NAME, (), good="there are no VMs")
    return finding(NAME, details, good=f"{len(details)} disks, one writer at a time each", of_none="unknown")


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
