"""Attempts at a restart come when they are due, counted from the detected failure, and are not more than permitted.

This module decides from the settings: at 0, 2, 6, 14 and 30 minutes, or fewer by das.maxvmrestartcount (7.5 [DD-R]). An
attempt that had to wait for room, for a task of another VM, for a master, or for the VM's host, which seemed dead and
lives, is not asked to be in time.
"""

from __future__ import annotations

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import lasted, own_agent_lives, slack_ns
from herzschlag.checkers.pace import too_early
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "restart-attempts"
SPARE_NS = 2 * SECOND


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    begins: dict[tuple[str, str], Record] = {}
    details = []
    for record in history.of_kind("restart"):
        key = (record.node, str(record.get("vm")))
        if record.get("phase") == "begins":
            begins[key] = record
        elif key in begins and record.get("phase") == "ordered":
            details.append(_ordered(begins[key], record, truth))
        elif key in begins and record.get("phase") == "failed":
            details += _next_one(begins[key], record, truth)
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'attempt')}, each when it was due",
        nothing="no VM was restarted",
    )


def _ordered(begins: Record, order: Record, truth: Truth) -> Detail:
    name, number = str(order.get("vm")), int(order.get("attempt") or 0)
    due = truth.timers.retry_after_ns
    evidence = (begins.seq, order.seq)
    if number > len(due):
        why = f"attempt {number} at {truth.told(order.at_ns)}: {len(due)} are permitted"
        return Detail(name=name, verdict="violated", because=why, evidence=evidence)
    if number and too_early(truth, begins.at_ns, order.at_ns, due[number - 1]):
        why = f"attempt {number} came {(order.at_ns - begins.at_ns) / SECOND:.1f} s after the failure was known,"
        why += f" {due[number - 1] / SECOND:g} s are due"
        return Detail(name=name, verdict="violated", because=why, evidence=evidence)
    return Detail(name=name, verdict="holds", because=f"attempt {number} was due", evidence=evidence)


def _next_one(begins: Record, failed: Record, truth: Truth) -> list[Detail]:
    """Whether the next attempt came when it was due; nothing where it cannot be asked."""
    name, number = str(failed.get("vm")), int(failed.get("attempt") or 0)
    after = truth.timers.retry_after_ns
    if number >= len(after):
        return []
    due_ns = max(failed.at_ns, begins.at_ns + after[number]) + SPARE_NS + slack_ns(truth)
    reigns = [r for r in truth.history.of_kind("role", node=failed.node) if begins.at_ns <= r.at_ns <= due_ns]
    if reigns or not lasted(truth, begins.at_ns, due_ns, lambda s: own_agent_lives(truth, failed.node, s)):
        return []
    told = [r for r in truth.history.of_kind("restart", node=failed.node) if begins.at_ns <= r.at_ns <= due_ns]
    others = {str(r.get("vm")) for r in told if r.get("vm") != name and r.get("phase") != "done"}
    if others:
        return []  # It may have had to wait for one of them.
    if _lives_unseen(name, failed.node, begins.at_ns, due_ns, truth):
        return []
    if any(r.seq > failed.seq and r.get("vm") == name for r in told):
        return [Detail(name=name, verdict="holds", because=f"attempt {number + 1} came in time")]
    why = (
        f"attempt {number + 1} was due {after[number] / SECOND:g} s after {truth.told(begins.at_ns)}, and had not come"
    )
    why += f" at {truth.told(due_ns)}"
    return [Detail(name=name, verdict="violated", because=why, evidence=(begins.seq, failed.seq))]


def _lives_unseen(vm: str, master: str, begin_ns: int, end_ns: int, truth: Truth) -> bool:
    """Whether the host on which the VM ran last lived for some of the time, and was not in the master's sight for all
    of it. Where it was taken for dead, a restart waits until it says that it does not run the VM, or its file does."""
    stays = [stay for stay in truth.stays.get(vm, ()) if stay.begin_ns < begin_ns]
    if not stays or (host := stays[-1].host) == master:
        return False
    lives, seen = [], []
    for segment in truth.between(begin_ns, end_ns):
        lives.append(truth.powered(host, segment) and p.Frozen(host) not in segment.conditions)
        seen.append(truth.agent_works(host, segment) and truth.linked(master, host, segment))
    return any(lives) and not all(seen)


CHECKER = Checker(NAME, ("restart", "fault", "ready"), _check)
