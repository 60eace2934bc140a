"""Evidence: whether the history holds the records a checker needs. Without them nothing was shown, so nothing holds.

This module decides which kinds of record every complete run of a scenario must have, and which kinds follow from
others: a host whose role became `isolated` also recorded the isolation. Kinds that no other record implies (`path`,
`dropped`) cannot be missed: that they are absent may be the finding itself. It leaves which kinds a checker needs to
its own `needs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from herzschlag.faults import primitives as p
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import VCENTER

DOUBTS = ("hostDown", "fdmUnreachable", "networkIsolated")
"""Opinions that a master only reaches by watching a host."""
CUT_OFF = {"from": "connectedToMaster", "to": "networkPartitionedFromMaster"}
"""So is this; but a host that is heard as a master of its own is partitioned at once."""


def lacking(needs: Iterable[str], history: History, scenario: Scenario) -> str:
    """What is missing of these kinds, as a sentence; empty when nothing is."""
    for kind in dict.fromkeys(needs):
        if not history.of_kind(kind) and (why := _expected(kind, history, scenario)):
            return f"there is no record of kind {kind}, though {why}"
    return ""


def _expected(kind: str, history: History, scenario: Scenario) -> str:
    """Why a complete history has such records; empty when it need not."""
    if kind in ALWAYS:
        return ALWAYS[kind]
    rule = RULES.get(kind)
    return rule(history, scenario) if rule is not None else ""


ALWAYS = {
    "run": "every run begins",
    "ready": "steps begin when the cluster is ready",
    "end": "every run ends",
    "role": "every host has one",
    "election": "every cluster begins with one",
    "config": "vCenter configures every host",
    "lock": "a master locks the protected lists",
    "datastore": "every host mounts its datastores",
    "vcenter": "vCenter listens to a master",
    "host-state": "a master has an opinion of itself",
}


def _faults(history: History, scenario: Scenario) -> str:
    del history
    return "the scenario has faults" if scenario.steps else ""


def _vms(history: History, scenario: Scenario) -> str:
    del history
    return "VMs are on" if any(on for _, _, on in scenario.cluster.vm_configs().values()) else ""


def _protected(history: History, scenario: Scenario) -> str:
    del history
    wanted = any(on and vm.protected for vm, _, on in scenario.cluster.vm_configs().values())
    return "VMs are to be protected" if wanted else ""


def _slots(history: History, scenario: Scenario) -> str:
    del history
    vmfs = any(d.kind == "vmfs" for d in scenario.cluster.datastores)
    return "every host has a heartbeat slot on a VMFS datastore" if vmfs else ""


def _isolation(history: History, scenario: Scenario) -> str:
    del scenario
    return _followed(history.where("role", to="isolated"), "became isolated")


def _mastership(history: History, scenario: Scenario) -> str:
    del scenario
    return _followed([r for r in history.of_kind("role") if r.get("from") == "master"], "is master no more")


def _liveness(history: History, scenario: Scenario) -> str:
    del scenario
    told = [
        *history.where("host-state", **CUT_OFF),
        *(r for r in history.of_kind("host-state") if r.get("to") in DOUBTS),
    ]
    opinions = [r for r in told if r.node != VCENTER]
    return _followed(opinions, "took a host for something that only watching it tells")


def _restarts(history: History, scenario: Scenario) -> str:
    """A VM that is started when the cluster is ready, and by no user, was ordered by a master."""
    ready = history.of_kind("ready")
    lab = scenario.cluster.topology()
    commands = [one for step in scenario.steps for one in step.fault.primitives(lab)]
    by_user = {one.vm for one in commands if isinstance(one, p.VmPower) and one.on}
    started = [
        r
        for r in history.where("vm", to="starting")
        if ready and r.at_ns > ready[0].at_ns and r.get("order") is not None and r.get("vm") not in by_user
    ]
    return _followed(started, "was ordered to start a VM")


def _sent(history: History, scenario: Scenario) -> str:
    """Without a capture that is complete, no record says what was not sent."""
    del history
    asked = scenario.expect.asks_for("sent")
    return "the scenario expects something of what was sent, which a whole capture shows" if asked else ""


def _followed(records: list[Record], what: str) -> str:
    return f"{records[0].node} {what} (record {records[0].seq})" if records else ""


RULES: dict[str, Callable[[History, Scenario], str]] = {
    "fault": _faults,
    "vm": _vms,
    "disk": _vms,
    "protect": _protected,
    "slot": _slots,
    "isolation": _isolation,
    "mastership": _mastership,
    "liveness": _liveness,
    "restart": _restarts,
    "sent": _sent,
}
