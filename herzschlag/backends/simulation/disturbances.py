"""Active faults, and their effects on a simulated cluster.

This module decides which node, network or datastore a primitive falls to, and in which order changes are made: first
conditions are lifted, then others imposed, each sorted by its text, so that one set of faults always gives one
history. It leaves which faults are active to the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from herzschlag.agents.datastore.requests import Outcome
from herzschlag.agents.hypervisor.api import InjectVm
from herzschlag.agents.settings import SECOND
from herzschlag.backends.simulation.host import SimHost
from herzschlag.backends.simulation.network import Drops, SimulatedNetwork
from herzschlag.backends.simulation.node import Node
from herzschlag.faults import primitives as p
from herzschlag.faults.line_quality import MILLISECOND, line_effect
from herzschlag.history.heartbeats import Arrival


class Storage(Protocol):
    """The part of the datastores that storage faults need."""

    def set_access(self, host: str, datastore: str, access: Any) -> Iterable[tuple[str, Outcome]]: ...


class VcenterNode(Protocol):
    """The part of vCenter's node that faults need."""

    def set_running(self, running: bool) -> None: ...

    def reconfigure(self, conditions: Iterable[p.AnyCondition]) -> None: ...

    def power_vm(self, vm: str, on: bool, host: str) -> None: ...


class Disturbances:
    """The active faults; the union of their conditions is in force."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        hosts: Mapping[str, SimHost],
        vcenter: VcenterNode,
        network: SimulatedNetwork,
        storage: Storage,
    ) -> None:
        self._nodes = nodes
        self._hosts = hosts
        self._vcenter = vcenter
        self._network = network
        self._storage = storage
        self._active: dict[str, tuple[p.Primitive, ...]] = {}
        self._in_force: frozenset[p.AnyCondition] = frozenset()
        self.drops: dict[str, Drops] = {}
        """The packets that each fault has swallowed, also of faults that are over."""
        self.heartbeats: dict[str, tuple[int, list[Arrival]]] = {}
        """When each fault began, and the last heartbeats until then."""

    @property
    def active(self) -> tuple[str, ...]:
        return tuple(self._active)

    @property
    def in_force(self) -> frozenset[p.AnyCondition]:
        return self._in_force

    def begin(self, fault_id: str, primitives: Iterable[p.Primitive]) -> int:
        """Begin a fault. Returns the number of conditions that were not in force before."""
        self._active[fault_id] = tuple(primitives)
        self.heartbeats[fault_id] = (self._network.now_ns, self._network.heartbeats())
        self.drops.setdefault(fault_id, Drops())
        changed = self._enforce()
        for command in p.commands(self._active[fault_id]):
            self._command(command)
            changed += 1
        return changed

    def end(self, fault_id: str) -> int:
        """End a fault. Returns the number of conditions that are no longer in force."""
        del self._active[fault_id]
        return self._enforce()

    def line_effect(self, fault_id: str) -> dict[str, int] | None:
        """What happened on the lines that an active fault makes bad; None if it makes none bad."""
        bad = [c for c in self._active.get(fault_id, ()) if isinstance(c, p.Impaired)]
        return line_effect(self._network.lines[c.network, c.src, c.dst].counts for c in bad) if bad else None

    def _enforce(self) -> int:
        wanted = p.combined(self._active.values())
        lifted = sorted(self._in_force - wanted, key=repr)
        imposed = sorted(wanted - self._in_force, key=repr)
        self._in_force = wanted
        self._network.set_conditions(
            (condition, self.drops[fault_id])
            for fault_id, primitives in self._active.items()
            for condition in sorted(p.conditions(primitives), key=repr)
        )
        for condition in lifted:
            self._change(condition, on=False)
        for condition in imposed:
            self._change(condition, on=True)
        changes = [*lifted, *imposed]
        if any(isinstance(c, p.Maintenance | p.Reconfigured) for c in changes):
            self._vcenter.reconfigure(sorted(wanted, key=repr))
        for host, datastore in sorted({(c.host, c.datastore) for c in changes if isinstance(c, p.StorageLost)}):
            self._set_storage(host, datastore)
        for host in sorted({c.host for c in changes if isinstance(c, p.ClockOff)}):
            offset_s = sum(c.offset_s for c in wanted if isinstance(c, p.ClockOff) and c.host == host)
            self._hosts[host].set_clock_ahead(round(offset_s * SECOND))
        return len(changes)

    def _change(self, condition: p.AnyCondition, *, on: bool) -> None:
        match condition:
            case p.PowerOff(node=node):
                if on:
                    self._nodes[node].power_off()
                else:
                    self._nodes[node].power_on()
            case p.Frozen(host=host):
                self._hosts[host].freeze(on)
            case p.AgentDown(host=host, watchdog=watchdog):
                if not watchdog:
                    self._hosts[host].set_watchdog(not on)
                if on:
                    self._hosts[host].crash_agent("killed by a fault")
            case p.VcenterDown():
                self._vcenter.set_running(not on)
            case _:
                pass  # a condition of the network, or one that is handled below with all others of its kind

    def _set_storage(self, host: str, datastore: str) -> None:
        found = {
            c.access: c
            for c in self._in_force
            if isinstance(c, p.StorageLost) and (c.host, c.datastore) == (host, datastore)
        }
        access = next((one for one in ("pdl", "apd", "read-only", "full", "stale") if one in found), "ok")
        for name, outcome in self._storage.set_access(host, datastore, access):
            self._hosts[name].io_done(outcome)
        slow = found.get("slow")
        self._hosts[host].set_io_delay(datastore, 0 if slow is None else round(slow.delay_ms * MILLISECOND))

    def _command(self, command: p.AnyCommand) -> None:
        match command:
            case p.VmCrash(vm=vm):
                self._inject(InjectVm(vm, "crash"))
            case p.VmHang(vm=vm):
                self._inject(InjectVm(vm, "hang"))
            case p.VmPower(vm=vm, on=on, host=host):
                self._vcenter.power_vm(vm, on, host)

    def _inject(self, event: InjectVm) -> None:
        for host in self._hosts.values():
            if host.runs(event.vm):
                host.inject(event)
