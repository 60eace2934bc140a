"""VM component protection: what happens to a host's VMs when it loses a datastore.

```
 pdl: VMs there are ended at once and restarted elsewhere
 apd: ──140 s──> timeout ──180 s──> ended, if conservative: a target is known; aggressive: or no answer
                    └── access back: nothing, or a reset if so configured
```

This module decides by fact sheet 7.6 [AG60-20] [AG60-50] [API-VMCP]: neither mode acts when the master knows that no
host could take the VM. Times count from the first I/O that did not return. It leaves ending to the hypervisor,
restarting to the master, which is told that the VM is wanted again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from herzschlag.agents import records
from herzschlag.agents.ha.context import Context
from herzschlag.agents.protocol.actions import PowerOff, ResetVm
from herzschlag.agents.settings import NEVER_NS
from herzschlag.agents.states import DatastoreAccess

LossStage = Literal["waiting", "timed-out", "asking", "over"]


class _Loss:
    """One datastore that hangs."""

    __slots__ = ("ask_until_ns", "since_ns", "stage")

    def __init__(self, since_ns: int) -> None:
        self.since_ns = since_ns
        self.stage: LossStage = "waiting"
        self.ask_until_ns = 0


class ComponentProtection:
    """The protection of one host's VMs. `vms_on` gives the running VMs of a datastore; `wanted_again` notes that a VM
    shall run again elsewhere."""

    def __init__(
        self, context: Context, vms_on: Callable[[str], list[str]], wanted_again: Callable[[str], None]
    ) -> None:
        self._c = context
        self._vms_on = vms_on
        self._wanted_again = wanted_again
        self._losses: dict[str, _Loss] = {}

    def access_changed(self, datastore: str, access: DatastoreAccess, since_ns: int) -> None:
        c = self._c
        if c.config is None:
            return
        loss = self._losses.pop(datastore, None)
        if access == "pdl" and c.config.vmcp_pdl:
            for vm in self._vms_on(datastore):
                self._end(vm, f"VM component protection: {datastore} is permanently lost")
        elif access == "apd" and c.config.vmcp_apd != "disabled":
            self._losses[datastore] = loss or _Loss(since_ns)
        elif access == "ok" and loss is not None and loss.stage in ("timed-out", "asking"):
            why = "access is back after the APD timeout"
            c.trace(records.ComponentProtection(datastore=datastore, phase="cleared", because=why))
            if c.config.vmcp_reset_on_apd_cleared:
                for vm in self._vms_on(datastore):
                    c.do(ResetVm(vm, f"VM component protection: {datastore} is back after the APD timeout"))

    def due_ns(self) -> int:
        if not self._losses:
            return NEVER_NS
        return min((self._due_ns(loss) for loss in self._losses.values() if loss.stage != "over"), default=NEVER_NS)

    def _due_ns(self, loss: _Loss) -> int:
        timers = self._c.timers
        if loss.stage == "asking":
            return loss.ask_until_ns
        wait_ns = timers.apd_timeout_ns + (timers.vmcp_delay_ns if loss.stage == "timed-out" else 0)
        return loss.since_ns + wait_ns

    def check(self) -> list[str]:
        """Do what is due. Returns datastores for whose VMs the master must be asked whether a host could take them;
        `answered` brings the answer, or three heartbeat intervals without one count as "unknown"."""
        ask: list[str] = []
        if not self._losses:
            return ask
        c = self._c
        for datastore, loss in self._losses.items():
            if loss.stage == "over" or c.now_ns < self._due_ns(loss):
                continue
            if loss.stage == "waiting":
                loss.stage = "timed-out"
                why = "I/O has hung for 140 s"
                c.trace(records.ComponentProtection(datastore=datastore, phase="apd-timeout", because=why))
            elif loss.stage == "timed-out":
                loss.stage = "asking"
                loss.ask_until_ns = c.now_ns + 3 * c.timers.heartbeat_interval_ns
                ask.append(datastore)
            else:
                loss.stage = "over"
                if c.cluster.vmcp_apd == "aggressive":
                    for vm in self._vms_on(datastore):
                        self._end(vm, f"VM component protection: {datastore} hangs, nobody can say where to restart")
                else:
                    why = "conservative: no master says where the VMs could run"
                    c.trace(records.ComponentProtection(datastore=datastore, phase="left-alone", because=why))
        return ask

    def answered(self, placeable: frozenset[str]) -> None:
        """The master says which of this host's VMs another host could take, or, if aggressive, might."""
        aggressive = self._c.cluster.vmcp_apd == "aggressive"
        target = "another host can run it, or hosts out of sight might" if aggressive else "another host can run it"
        for datastore, loss in self._losses.items():
            if loss.stage != "asking":
                continue
            loss.stage = "over"
            for vm in self._vms_on(datastore):
                if vm in placeable:
                    self._end(vm, f"VM component protection: {datastore} hangs, {target}")
                else:
                    why = "no other host has access and room"
                    self._c.trace(
                        records.ComponentProtection(datastore=datastore, vm=vm, phase="left-alone", because=why)
                    )

    def _end(self, vm: str, because: str) -> None:
        self._c.trace(records.ComponentProtection(vm=vm, phase="ended", because=because))
        self._wanted_again(vm)
        self._c.do(PowerOff(vm, because))
