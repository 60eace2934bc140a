"""A master has only those VMs restarted that it owns.

This module decides from the records of locks and roles: it owns a VM when it holds the protectedlist of the VM's
datastore. A list may be lost while its restarts go on, so to have held it once in the same reign is enough.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.rules.list_owners import protected_lists
from herzschlag.checkers.rules.lock_holders import holds_of
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario

NAME = "restart-owned"


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    holds = {d: holds_of(truth, d, path) for d, path in protected_lists(history)}
    details = []
    for order in history.where("restart", phase="ordered"):
        datastore = truth.vms[str(order.fields["vm"])][0].datastore
        began_ns = _reign_ns(order, truth)
        owned = [h for h in holds.get(datastore, ()) if h.host == order.node and h.begin_ns <= order.at_ns]
        name = str(order.fields["vm"])
        if any(began_ns <= h.end_ns for h in owned):
            why = f"{order.node} owned {datastore}"
            details.append(Detail(name=name, verdict="holds", because=why, evidence=(order.seq,)))
        else:
            why = f"{order.node} had it started at {truth.told(order.at_ns)} without owning {datastore}"
            why += f" ({order.get('because')})"
            details.append(Detail(name=name, verdict="violated", because=why, evidence=(order.seq,)))
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'restart')}, each of a VM that the master owned",
        nothing="no VM was restarted",
    )


def _reign_ns(order: Record, truth: Truth) -> int:
    """When the master that gave the order was elected."""
    election = truth.history.last("role", order.at_ns, node=order.node, to="master")
    return election.at_ns if election is not None else order.at_ns


CHECKER = Checker(NAME, ("restart", "lock", "role", "vm", "fault"), _check)
