"""The VMs of an agent's own host: which run, what its poweron file and inventory say, and who ordered each power-on.

This module decides when the inventory changed and what is written about it (fact sheet 5, 7.1). It leaves power and
locks to the hypervisor, and what a master makes of the inventory to `master/master.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.context import Context
from herzschlag.agents.protocol.actions import PowerOff, PowerOn, RemoveFile, WriteFile
from herzschlag.agents.protocol.events import FileWritten, PowerOnDone, VmChanged
from herzschlag.agents.protocol.messages import (
    VCENTER,
    Inventory,
    InventoryAck,
    OrderId,
    PowerRequest,
    RestartOrder,
    RestartResult,
)
from herzschlag.agents.states import RUNNING, VmState

ORDERS_KEPT = 1024
"""Answers kept for repeated orders; a cluster restarts at most 32 at a time per host."""


class PowerOutcome(NamedTuple):
    """How a power-on task ended."""

    order: int
    vm: str
    ok: bool
    because: str


class OwnVms:
    def __init__(self, context: Context) -> None:
        self._c = context
        self.vms: dict[str, VmState] = {}
        self.failed: set[str] = set()
        """Ended by themselves; told to each master until one that answers for them has acknowledged."""
        self._wanted_again: set[str] = set()
        """Being ended here so that the master restarts them elsewhere."""
        self.unwritten: set[str] = set()
        """Datastores that took no poweron file, as one without room does not: they are tried again."""
        self.generation = 1
        """Of the inventory."""
        self._said_isolated = False
        """What line 1 of our poweron file says."""
        self._acked = -1
        self._answers: dict[OrderId, PowerOutcome | None] = {}
        """None while the power-on task runs."""

    def running(self) -> frozenset[str]:
        return frozenset(vm for vm, state in self.vms.items() if state in RUNNING)

    def on_datastore(self, datastore: str) -> list[str]:
        """Running VMs whose home it is, in order of name."""
        config = self._c.config
        homes = {vm.name: vm.datastore for vm in config.vms} if config else {}
        return sorted(vm for vm in self.running() if homes.get(vm) == datastore)

    def wanted_again(self, vm: str) -> None:
        """It is being ended here, and shall be restarted elsewhere."""
        self._wanted_again.add(vm)

    # --- what happens ---

    def changed(self, event: VmChanged) -> bool:
        """A VM changed state. Returns whether the inventory did."""
        before = self.running()
        if event.state == "off":
            self.vms.pop(event.vm, None)
        else:
            self.vms[event.vm] = event.state
            self.failed.discard(event.vm)  # It runs again: what ended it before is over.
        if not event.asked or (event.state == "off" and event.vm in self._wanted_again):
            self.failed.add(event.vm)
            self._wanted_again.discard(event.vm)
        if event.state == "on" and event.vm not in before:
            config = self._c.config.vm(event.vm) if self._c.config else None
            if config is not None and self._c.works(config.datastore):
                self._c.do(RemoveFile(config.datastore, layout.marker_path(event.vm)))
        return self.running() != before or event.vm in self.failed

    def ordered(self, master: str, message: RestartOrder) -> None:
        """A master orders a power-on. A repeat gets the same answer, or none while the task runs."""
        order = message.identity
        if order in self._answers:
            answer = self._answers[order]
            if answer is not None:
                self.answer(master, answer)
            return
        self._answers[order] = None
        self._c.do(PowerOn(order, message.vm, message.evidence))

    def requested(self, message: PowerRequest) -> None:
        """A user asks, through vCenter, which repeats it until our report shows it."""
        name, order = message.vm.name, message.identity
        if message.on and name not in self.vms and order not in self._answers:
            self._answers[order] = None
            self._c.do(PowerOn(order, message.vm, ()))
        elif not message.on and name in self.vms:
            self._c.do(PowerOff(name, "a user powered it off", by=VCENTER))

    def done(self, event: PowerOnDone) -> PowerOutcome:
        """A power-on task ended. Every repeat of its order gets this answer."""
        outcome = PowerOutcome(event.order.number, event.vm, event.ok, event.because)
        self._answers[event.order] = outcome
        while len(self._answers) > ORDERS_KEPT:
            del self._answers[next(iter(self._answers))]
        return outcome

    def acknowledged(self, message: InventoryAck) -> None:
        self._acked = max(self._acked, message.generation)
        if self._acked == self.generation:
            self.failed.difference_update(message.taken_over)

    # --- what is told ---

    def new_master(self) -> None:
        """A master that just took us in knows nothing of our VMs."""
        self._acked = -1

    def unacknowledged(self) -> bool:
        return self._acked != self.generation

    def send_inventory(self, master: str) -> None:
        self._c.send(
            Inventory,
            (master,),
            generation=self.generation,
            vms=tuple(sorted(self.running())),
            datastores=dict(self._c.access),
            failed=tuple(sorted(self.failed)),
        )

    def answer(self, to: str, outcome: PowerOutcome) -> None:
        self._c.send(RestartResult, (to,), **outcome._asdict())

    def written(self, event: FileWritten) -> None:
        """A file is on a datastore, or could not be written there."""
        if event.path == layout.poweron_path(self._c.cluster.name, self._c.moid) and event.status == "lost":
            self.unwritten.add(event.datastore)

    def write_poweron(self, *, isolated: bool) -> None:
        """Rewrite our poweron file on every heartbeat datastore we reach."""
        c = self._c
        self.unwritten.clear()
        if isolated != self._said_isolated:  # A copy on a datastore that took no write is older than the others.
            self._said_isolated = isolated
            self.generation += 1
        generation = layout.poweron_generation(c.boot, self.generation)
        file = layout.PoweronFile(isolated, tuple(sorted(self.running())), generation)
        data = layout.encode_poweron(file)
        for datastore in c.cluster.host(c.moid).heartbeat_datastores:
            if c.works(datastore):
                c.do(WriteFile(datastore, layout.poweron_path(c.cluster.name, c.moid), data))
