"""The readiness of a starting cluster: one master, all others its slaves, every VM running and protected.

This module decides what must be true, from the records alone. It leaves how long it is waited for, and how long it must
last, to `conductor.py`.
"""

from __future__ import annotations

from herzschlag.history.records import Record
from herzschlag.history.standing import Standing
from herzschlag.scenarios.plan import Plan
from herzschlag.systems.model import System


class Readiness:
    """Follows the records of a starting cluster until it works as configured."""

    def __init__(self, plan: Plan) -> None:
        self._hosts = plan.topology.moids
        self._links = [
            (a, b, net) for net in plan.topology.networks for a in self._hosts for b in self._hosts if a != b
        ]
        self._on = set(plan.placement)
        self._to_protect = {vm.name for vm in plan.config.vms if vm.protected and vm.name in plan.placement}
        self._system = plan.system
        self._standing = Standing()

    def see(self, item: Record) -> bool:
        """Take a record in; True when the cluster is ready."""
        self._standing.see(item)
        return not self.missing()

    @property
    def master(self) -> str:
        masters = self._standing.masters
        return masters[0] if len(masters) == 1 else ""

    def missing(self) -> str:
        """What the cluster still lacks; empty when it is ready."""
        if self._system is not None:
            return self._missing_roles(self._system) if self._system.has_roles else self._missing_links(self._system)
        now, master = self._standing, self.master
        if not master:
            return "a single master"
        slaves = set(self._hosts) - {master}
        for host in sorted(slaves):
            if now.roles.get(host) != "slave":
                return f"{host} to follow {master} (it is {now.roles.get(host, 'silent')})"
        if lost := {host for host in slaves if now.opinions.get((master, host)) != "connectedToMaster"}:
            return f"{master} to call {', '.join(sorted(lost))} connected"
        if off := self._on - {vm for (vm, _), state in now.vms.items() if state == "on"}:
            return f"{', '.join(sorted(off)[:4])} to run ({len(off)} of {len(self._on)})"
        if bare := self._to_protect - now.protected:
            return f"{', '.join(sorted(bare)[:4])} to be protected ({len(bare)} of {len(self._to_protect)})"
        return ""

    def _missing_links(self, system: System) -> str:
        down = [link for link in self._links if self._standing.links.get(link) != "up"]
        if not down:
            return ""
        (host, peer, network), of_all = down[0], f"{len(down)} of {len(self._links)}"
        return f"{system.name} on {host} to call its link to {peer} on network {network} up ({of_all} are not)"

    def _missing_roles(self, system: System) -> str:
        """What another system lacks: its file says which roles it has when it is ready."""
        roles = self._standing.roles
        every = system.ready.every
        wanted = {every: len(self._hosts)} if every else system.ready.roles
        for role, number in wanted.items():
            has = sum(roles.get(host) == role for host in self._hosts)
            if has != number:
                return f"{number} hosts of {system.name} as {role} ({has} are)"
        first = self._hosts[0]
        if system.ready.first and roles.get(first) != system.ready.first:
            return f"{first} to be {system.ready.first} of {system.name} (it is {roles.get(first, 'silent')})"
        if silent := [host for host in self._hosts if host not in roles]:
            return f"{system.name} on {silent[0]} to say its role"
        return ""
