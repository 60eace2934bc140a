"""When a starting cluster works as configured: one master, all others its slaves, every VM running and protected.

Decides what must be true, from the records alone. Leaves how long it is waited for, and how long it must last, to
`conductor.py`.
"""

from __future__ import annotations

from herzschlag.history.records import Record
from herzschlag.scenarios.plan import Plan


class Readiness:
    """Follows the records of a starting cluster until it works as configured."""

    def __init__(self, plan: Plan) -> None:
        self._hosts = plan.topology.moids
        self._on = set(plan.placement)
        self._to_protect = {vm.name for vm in plan.config.vms if vm.protected and vm.name in plan.placement}
        self._roles: dict[str, str] = {}
        self._connected: dict[str, set[str]] = {}
        self._running: set[str] = set()
        self._protected: set[str] = set()

    def see(self, item: Record) -> bool:
        """Take a record in; True when the cluster is ready."""
        fields = item.fields
        if item.kind == "role":
            self._roles[item.node] = fields["to"]
        elif item.kind == "host-state":
            connected = self._connected.setdefault(item.node, set())
            _set_membership(connected, fields["host"], present=fields["to"] == "connectedToMaster")
        elif item.kind == "vm":
            _set_membership(self._running, fields["vm"], present=fields["to"] == "on")
        elif item.kind == "protect":
            self._protected.add(fields["vm"])
        return not self.missing()

    @property
    def master(self) -> str:
        masters = [host for host, role in self._roles.items() if role == "master"]
        return masters[0] if len(masters) == 1 else ""

    def missing(self) -> str:
        """What it still waits for; empty when nothing."""
        if not self.master:
            return "a single master"
        slaves = set(self._hosts) - {self.master}
        for host in sorted(slaves):
            if self._roles.get(host) != "slave":
                return f"{host} to follow {self.master} (it is {self._roles.get(host, 'silent')})"
        if lost := slaves - self._connected.get(self.master, set()):
            return f"{self.master} to call {', '.join(sorted(lost))} connected"
        if off := self._on - self._running:
            return f"{', '.join(sorted(off)[:4])} to run ({len(off)} of {len(self._on)})"
        if bare := self._to_protect - self._protected:
            return f"{', '.join(sorted(bare)[:4])} to be protected ({len(bare)} of {len(self._to_protect)})"
        return ""


def _set_membership(members: set[str], member: str, *, present: bool) -> None:
    if present:
        members.add(member)
    else:
        members.discard(member)
