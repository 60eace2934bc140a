"""Histories of other systems, made by hand: one cut of three hosts, and what kernels, lines and programs said."""

from __future__ import annotations

from typing import Any

import msgspec

from herzschlag.checkers import check_all
from herzschlag.checkers.verdict import Finding
from herzschlag.faults import Fault, Isolate, kind_of
from herzschlag.history.records import RUNNER, SECOND, History, Record, record
from herzschlag.scenarios.model import Cluster, Scenario, Step

ADDRESS = "198.18.9.9"
HOSTS = ("host-98", "host-99", "host-100")
READY_S, CUT_S, HEAL_S, END_S = 10, 20, 40, 60

Said = tuple[float, str, str, dict[str, Any]]
"""Second, node, kind, fields."""


def holds(at_s: float, node: str, to: str = "held") -> Said:
    return at_s, node, "holds", {"address": ADDRESS, "to": to, "because": "x"}


def role(at_s: float, node: str, to: str, before: str = "uninitialized") -> Said:
    return at_s, node, "role", {"from": before, "to": to, "master": "", "because": "x"}


def term(at_s: float, node: str, number: int) -> Said:
    return at_s, node, "term", {"term": number, "because": "x"}


def program(at_s: float, node: str, to: str) -> Said:
    return at_s, node, "program", {"name": "daemon", "to": to, "because": "x"}


def view(at_s: float, node: str, *members: str) -> Said:
    return at_s, node, "view", {"members": " ".join(members), "because": "x"}


def link(at_s: float, node: str, peer: str, to: str, network: str = "A") -> Said:
    return at_s, node, "link", {"peer": peer, "network": network, "to": to, "because": "x"}


def write(at_s: float, node: str, number: int, to: str = "acknowledged") -> Said:
    return at_s, node, "write", {"number": number, "to": to, "because": "x"}


def found(node: str, writer: str, *numbers: int) -> Said:
    """What is there at the end."""
    return 59, node, "found", {"writer": writer, "numbers": list(numbers)}


CORRECT: tuple[Said, ...] = (
    *(program(1, host, "started") for host in HOSTS),
    *(role(2, host, "slave") for host in HOSTS),
    *(role(4, "host-98", "master", "slave"), holds(4, "host-98"), term(4, "host-98", 2)),
    *(role(23.4, "host-99", "master", "slave"), holds(23.4, "host-99"), term(23.4, "host-99", 3)),
    *(role(40.5, "host-99", "slave", "master"), holds(40.5, "host-99", "free")),
)
"""keepalived as it is: while host-98 is cut off, host-99 holds the address too; then host-98 alone again."""


def history(
    said: tuple[Said, ...],
    fault: Fault | None = None,
    end_s: float = END_S,
    *,
    late_ns: int = 1000,
    late_s: float = 11,
    undoing_s: float = 0,
) -> History:
    cut = Isolate(host="host-98") if fault is None else fault
    told = [_note(0, "run", backend="mininet", speed=1.0, hosts=list(HOSTS), scenario="x", seed=0, vms={})]
    told.append(_note(READY_S, "ready", because="x", master="host-98"))
    for phase, at_s in (("begin", CUT_S), ("end", HEAL_S)):
        at = {name: round(at_s * SECOND) for name in ("planned_ns", "asked_ns", "effective_ns")}
        at["asked_ns"] -= round(undoing_s * SECOND) if phase == "end" else 0
        shown = {"dropped": 7} if phase == "end" else {}
        fields = {"id": "cut", "phase": phase, "fault": kind_of(cut), "value": msgspec.to_builtins(cut), "took_ns": 0}
        told.append(_note(at_s, "fault", about="x", evidence={}, **fields, **at, **shown))
    told += [record(round(at_s * SECOND), node, kind, fields) for at_s, node, kind, fields in said]
    late = {"process": "reader", "max_ns": late_ns, "p99_ns": late_ns, "count": 9}
    told += [record(round(late_s * SECOND), host, "lateness", late) for host in HOSTS]
    told.append(_note(end_s, "end", because="x"))
    return History.ordered(told)


def _note(at_s: float, kind: str, **fields: Any) -> Record:
    return record(round(at_s * SECOND), RUNNER, kind, fields)


def judged(
    said: tuple[Said, ...],
    system: str = "keepalived",
    fault: Fault | None = None,
    end_s: float = END_S,
    *,
    late_ns: int = 1000,
    late_s: float = 11,
    undoing_s: float = 0,
) -> dict[str, Finding]:
    """Every checker's finding. `undoing_s`: how long it takes to end the fault."""
    cut = Isolate(host="host-98") if fault is None else fault
    step = Step(at_s=10, for_s=20, id="cut", fault=cut)
    scenario = Scenario(name="x", title="x", speed=1, cluster=Cluster(system=system), steps=(step,))
    told = history(said, fault, end_s, late_ns=late_ns, late_s=late_s, undoing_s=undoing_s)
    return {found.checker: found for found in check_all(told, scenario)}
