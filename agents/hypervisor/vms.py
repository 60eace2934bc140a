"""The virtual machines of one host: power on under the lock, stop, crash, and what storage trouble does to them.

    off -> starting -> on -> stopping -> off
                \\-> off        \\-> (crash) off

This module decides when a VM process is started, commanded and killed. It leaves locks to `locks.py`, the guest itself
to `vm.py`, and whether a VM should run at all to the agent. The lock of a VM's `.vmx` is taken before its process
starts and released only after the process is gone, so that the holder of the lock is the only writer.

A VM whose lock another host took while this one was cut off is killed as soon as that is seen (fact sheet 7.9
[AG67-15]). That counts as asked for (`VmChanged.asked`): the VM runs elsewhere, so HA must not restart it. Where no
host holds the lock any more, the VM runs nowhere, and its end counts as not asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from herzschlag.agents import records
from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.requests import FAILED, Outcome, Read, Replace
from herzschlag.agents.hypervisor.api import (
    CommandVm,
    HypervisorSettings,
    InjectVm,
    StartVm,
    StopVm,
    VmReport,
    VmSettings,
)
from herzschlag.agents.hypervisor.io_engine import HostIo, Timer
from herzschlag.agents.hypervisor.locks import LockManager
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.protocol.messages import OrderId
from herzschlag.agents.settings import VmConfig
from herzschlag.agents.states import DatastoreAccess, VmState

ORDERS_KEPT = 1024
"""Number of results kept to answer repeated orders. A restart order is repeated for minutes at most."""


class HostedVm:
    """One VM as this host knows it."""

    __slots__ = (
        "because",
        "by",
        "config",
        "due",
        "number",
        "order",
        "orphaned",
        "path",
        "silent",
        "state",
        "timer",
        "unsure",
    )

    def __init__(self, config: VmConfig) -> None:
        self.config = config
        self.path = layout.vmx_path(config.name)
        self.state: VmState = "off"
        self.number = 0
        """Number of its process; 0 while there is none."""
        self.order: OrderId | None = None
        """The power-on task under way."""
        self.because = ""
        """The reason why it is being stopped; empty when that was not asked for."""
        self.orphaned = False
        """It is being stopped since its lock was lost: no one asked for that, so it is restarted if it runs nowhere."""
        self.by = ""
        """Who ordered what is being done to it; empty for this host itself."""
        self.timer: Timer | None = None
        self.silent = False
        self.due = False
        """All that its start waits for is that its lock is checked."""
        self.unsure = False
        """Its process, or its start, waits until its lock has been checked."""


class Vms:
    def __init__(
        self, settings: HypervisorSettings, io: HostIo, locks: LockManager, answer: Callable[[events.AnyEvent], None]
    ) -> None:
        self._settings = settings
        self._io = io
        self._locks = locks
        self._answer = answer
        self._vms: dict[str, HostedVm] = {}
        self._numbers = 0
        self._results: dict[OrderId, events.PowerOnDone] = {}

    def states(self) -> dict[str, VmState]:
        return {name: vm.state for name, vm in self._vms.items()}

    def running(self) -> dict[str, VmState]:
        return {name: vm.state for name, vm in self._vms.items() if vm.state != "off"}

    def silent(self) -> tuple[str, ...]:
        return tuple(name for name, vm in self._vms.items() if vm.silent)

    # --- Power on -----------------------------------------------------------------------------------------------------

    def power_on(self, call: actions.PowerOn) -> None:
        name = call.vm.name
        result = self._results.get(call.order)
        vm = self._vms.get(name)
        if result is not None:
            self._answer(result)
        elif vm is not None and vm.order == call.order:
            pass  # It is under way: its end will answer.
        elif vm is not None and vm.state != "off":
            self._result(call.order, name, False, f"{name} is {vm.state} on {self._settings.moid} already")
        elif call.vm.datastore not in self._io.volumes:
            because = f"its datastore {call.vm.datastore} is not mounted on {self._settings.moid}"
            self._result(call.order, name, False, because)
        else:
            vm = self._vms[name] = HostedVm(call.vm)
            vm.order = call.order
            vm.by = call.order.by
            self._become(vm, "starting", "power-on ordered", asked=True)
            self._locks.acquire(
                call.vm.datastore,
                vm.path,
                name,
                call.evidence,
                lambda held, owner, because: self._locked(vm, held, because),
            )

    def _locked(self, vm: HostedVm, held: bool, because: str) -> None:
        if not held:
            self._failed(vm, f"its files cannot be locked: {because}")
            return
        io = self._io
        io.submit(Read(io.request(), vm.config.datastore, vm.path), lambda outcome: self._vmx_read(vm, outcome))

    def _vmx_read(self, vm: HostedVm, outcome: Outcome) -> None:
        if vm.state != "starting" or vm.number:
            return
        io = self._io
        if outcome.status == "missing":
            data = layout.encode_vmx(vm.config.name)
            request = Replace(io.request(), vm.config.datastore, vm.path, data=data)
            io.submit(request, lambda written: self._vmx_read(vm, written))
        elif outcome.status in FAILED:
            self._failed(vm, f"{vm.config.datastore} {FAILED[outcome.status]}")
        else:
            seconds = vm.config.power_on_s
            if seconds:
                vm.timer = io.at(io.now_ns + round(seconds * self._settings.second_ns), lambda: self._start(vm))
            else:
                self._start(vm)

    def _start(self, vm: HostedVm) -> None:
        vm.timer = None
        if vm.unsure:
            vm.due = True
            self._locks.verify_one(vm.config.datastore, vm.path)
            return
        if vm.config.power_on_fails:
            self._failed(vm, "every power-on of this VM fails (power_on_fails)")
            return
        self._numbers += 1
        vm.number = self._numbers
        self._io.actions.append(
            StartVm(
                VmSettings(
                    vm=vm.config,
                    host=self._settings.moid,
                    boot=self._settings.boot,
                    number=vm.number,
                    timers=self._settings.timers,
                    second_ns=self._settings.second_ns,
                )
            )
        )

    def _failed(self, vm: HostedVm, because: str) -> None:
        """The power-on task ends without a process."""
        if vm.timer is not None:
            vm.timer.cancel()
            vm.timer = None
        vm.unsure = vm.due = False
        self._locks.release(vm.config.datastore, vm.path)
        order, vm.order = vm.order, None
        self._become(vm, "off", because, asked=True, order=order)
        if order is not None:
            self._result(order, vm.config.name, False, because)

    def _result(self, order: OrderId, vm: str, ok: bool, because: str) -> None:
        result = events.PowerOnDone(order, vm, ok, because)
        self._results[order] = result
        if len(self._results) > ORDERS_KEPT:
            del self._results[next(iter(self._results))]
        self._answer(result)

    # --- Stopping -----------------------------------------------------------------------------------------------------

    def power_off(self, call: actions.PowerOff) -> None:
        vm = self._vms.get(call.vm)
        if vm is not None:
            self._stop(vm, call.because, call.by)

    def _stop(self, vm: HostedVm, because: str, by: str = "") -> None:
        """Kill it, whatever it is doing; a datastore that hangs does not delay that."""
        if vm.state == "off":
            return
        vm.by = by
        if not vm.number:
            self._failed(vm, f"powered off while starting: {because}")
            return
        vm.because = because
        self._become(vm, "stopping", because, asked=True)
        self._io.actions.append(StopVm(vm.config.name, vm.number))

    def shut_down(self, call: actions.ShutDownGuest) -> None:
        vm = self._vms.get(call.vm)
        if vm is None or vm.state == "off":
            return
        if not vm.config.tools or vm.state == "starting":
            self._stop(vm, f"{call.because}; no guest to ask, so powered off")
        elif vm.state == "on":
            vm.because = call.because
            self._become(vm, "stopping", call.because, asked=True)
            self._io.actions.append(CommandVm(call.vm, vm.number, "shutdown"))

    def reset(self, call: actions.ResetVm) -> None:
        """The guest starts anew in its process; the lock stays."""
        vm = self._vms.get(call.vm)
        if vm is not None and vm.state == "on":
            self._io.actions.append(CommandVm(call.vm, vm.number, "reset"))
            self._become(vm, "on", f"reset: {call.because}", asked=True)

    def inject(self, event: InjectVm) -> None:
        vm = self._vms.get(event.vm)
        if vm is not None and vm.number:
            self._io.actions.append(CommandVm(event.vm, vm.number, event.command))

    # --- What processes report ----------------------------------------------------------------------------------------

    def report(self, event: VmReport) -> None:
        vm = self._vms.get(event.vm)
        if vm is None or vm.number != event.number:
            return  # The report is about an earlier process.
        if event.what == "ended":
            self._ended(vm, event.because)
        elif event.what == "started":
            if vm.state == "starting":
                order, vm.order = vm.order, None
                self._become(vm, "on", "its process runs", asked=True, order=order)
                if order is not None:
                    self._result(order, event.vm, True, "its process runs")
        elif event.what == "stunned":
            # If the lock is not held, the VM is being stopped already.
            vm.unsure = True
            self._locks.verify_one(vm.config.datastore, vm.path)
        else:
            if event.what in ("silent", "heard"):
                vm.silent = event.what == "silent"
                self._answer(events.GuestChanged(event.vm, vm.silent))
            self._io.trace(records.Guest(vm=event.vm, to=event.what, because=event.because))

    def _ended(self, vm: HostedVm, because: str) -> None:
        starting = vm.state == "starting"
        vm.number = 0
        vm.silent = vm.unsure = False
        if starting:
            self._failed(vm, f"its process did not start: {because}")
            return
        asked, vm.because = vm.because, ""
        orphaned, vm.orphaned = vm.orphaned, False
        order, vm.order = vm.order, None
        if order is not None:
            self._result(order, vm.config.name, False, f"stopped before it ran: {asked}")
        self._locks.release(vm.config.datastore, vm.path)
        self._become(vm, "off", asked or because or "its process ended", asked=bool(asked) and not orphaned)

    # --- Storage ------------------------------------------------------------------------------------------------------

    def access_lost(self, datastore: str, access: DatastoreAccess) -> None:
        """A power-on under way fails: it is not known when its I/O will end."""
        for vm in list(self._vms.values()):
            if vm.config.datastore == datastore and vm.state == "starting" and not vm.number:
                self._failed(vm, f"{datastore} is not accessible ({access})")

    def lock_lost(self, name: str, because: str) -> None:
        """Who holds the lock now may have started the VM, and may have failed since."""
        vm = self._vms.get(name)
        if vm is not None:
            vm.orphaned = vm.state == "on"
            self._stop(vm, because)

    def lock_verified(self, name: str) -> None:
        vm = self._vms.get(name)
        if vm is None or not vm.unsure:
            return
        vm.unsure = False
        if vm.number:
            self._io.actions.append(CommandVm(name, vm.number, "continue"))
        elif vm.due:
            vm.due = False
            self._start(vm)

    def stood_still(self) -> None:
        """This host stood still, and others may have broken the locks of VMs whose start is under way."""
        for vm in self._vms.values():
            vm.unsure = vm.unsure or (vm.state == "starting" and not vm.number)

    def _become(self, vm: HostedVm, state: VmState, because: str, asked: bool, order: OrderId | None = None) -> None:
        before, vm.state = vm.state, state
        order = order if order is not None else vm.order
        self._io.trace(
            records.VmChange(
                vm=vm.config.name,
                from_=before,
                to=state,
                because=because,
                order=UNSET if order is None else order.number,
                by=vm.by or UNSET,
                asked=asked if state == "off" else UNSET,
            )
        )
        if state in ("on", "off"):
            vm.by = ""
        self._answer(events.VmChanged(vm.config.name, state, because, asked))
