"""View of the cluster: the data of the drawn cluster, from the records and the faults in force.

This module decides which part of the records the present picture needs. It leaves the effect of conditions on links to
`report/picture.py`, so that report and live page draw the same, and shapes to `report/static/cluster.js`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.faults import Fault
from herzschlag.faults import primitives as p
from herzschlag.history.records import History, Record
from herzschlag.history.standing import Standing
from herzschlag.report.picture import standing
from herzschlag.scenarios.model import Scenario

FINE = ("connectedToMaster", "master")


class View:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._lab = scenario.cluster.topology()
        self._standing = Standing()
        self._conditions: frozenset[p.AnyCondition] | None = None
        self._around: dict[str, Any] = {}

    def see(self, item: Record) -> None:
        self._standing.see(item)

    def lost_power(self, hosts: Iterable[str]) -> None:
        """Everything that ran there is gone, and the host itself cannot write a record of it."""
        self._standing.forget(hosts)

    def picture(self, active: Mapping[str, Fault]) -> dict[str, Any]:
        conditions = p.combined(fault.primitives(self._lab) for fault in active.values())
        roles = {host: self._role(host, conditions) for host in self._lab.moids}
        masters = [host for host, role in roles.items() if role == "master"]
        notes = {
            host: [
                {"state": state, "by": by}
                for (by, about), state in self._standing.opinions.items()
                if about == host and by in masters and by != host and state not in FINE
            ]
            for host in self._lab.moids
        }
        vms = [{"name": vm, "host": host, "state": state} for (vm, host), state in sorted(self._standing.vms.items())]
        if conditions != self._conditions:  # costly with many hosts, and the same most of the time
            self._conditions = conditions
            self._around = standing(Truth(History(), self._scenario), Segment(0, 1, conditions))
            del self._around["cuts"]  # a page sees the heartbeats themselves
        return {"roles": roles, "notes": notes, "vms": vms, **self._around}

    def _role(self, host: str, conditions: frozenset[p.AnyCondition]) -> str:
        if p.PowerOff(host) in conditions:
            return "off"
        if p.Frozen(host) in conditions:
            return "frozen"
        if p.AgentDown(host, False) in conditions:
            return "agent-down"
        return self._standing.roles.get(host, "uninitialized")
