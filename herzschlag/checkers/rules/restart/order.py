"""Restarts go by priority: agent VMs first, then from highest to lowest.

This module decides for each pair of VMs that waited together for the same host: the more important one is ordered
first. Those that fit nowhere are pending and delay no other VM. This module implements the order again, so that it
checks the agents' own.
"""

from __future__ import annotations

from itertools import pairwise

from herzschlag.agents.settings import VmConfig
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario

NAME = "restart-order"

PRIORITIES = ("highest", "high", "medium", "low", "lowest")


class _Wait:
    """One VM from its need to its first order."""

    def __init__(self, begins: Record, config: VmConfig) -> None:
        self.begins = begins
        self.config = config
        self.ordered: Record | None = None
        self.pending = False

    def weight(self) -> int:
        """The smaller, the earlier."""
        return -1 if self.config.agent_vm else PRIORITIES.index(self.config.priority)


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = []
    for waits in _by_target(history, truth).values():
        for earlier, later in pairwise(waits):
            first, second = earlier.ordered, later.ordered
            assert first is not None and second is not None, "only what was ordered is compared"
            if later.begins.seq > first.seq or later.pending:
                continue  # The other did not wait yet.
            verdict: Verdict = "violated" if earlier.weight() > later.weight() else "holds"
            why = f"{earlier.config.priority}, ordered to {first.get('target')} before {later.config.name}"
            why += f", which is {later.config.priority}"
            evidence = (first.seq, second.seq)
            details.append(Detail(name=earlier.config.name, verdict=verdict, because=why, evidence=evidence))
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'pair')} of restarts on one host, each in order",
        nothing="no two VMs waited for the same host",
    )


def _by_target(history: History, truth: Truth) -> dict[tuple[str, str], list[_Wait]]:
    """First orders of each master to each host, in the order in which they were given."""
    open_waits: dict[tuple[str, str], _Wait] = {}
    found: dict[tuple[str, str], list[_Wait]] = {}
    for record in history.of_kind("restart"):
        key = (record.node, str(record.fields["vm"]))
        phase = record.get("phase")
        if phase == "begins" and key[1] in truth.vms:
            open_waits[key] = _Wait(record, truth.vms[key[1]][0])
        elif (wait := open_waits.get(key)) is None:
            continue
        elif phase == "pending":
            wait.pending = True
        elif phase == "ordered":
            del open_waits[key]
            wait.ordered = record
            found.setdefault((record.node, str(record.fields["target"])), []).append(wait)
    return found


CHECKER = Checker(NAME, ("restart", "vm"), _check)
