"""The hypervisor of one host, as a pure core: datastore heartbeats, locks, files, VMs, and the agent's watchdog.

A real host divides this work between vmkernel, hostd and the agent's watchdog. The core exists from power-on to
power-off; its agent may die and come back meanwhile.

            calls                      I/O requests
    agent <-------> Hypervisor <-----------------------> datastores
            answers      |  start, stop, commands, reports
                         +-----------------------------> VM processes

This module decides what happens to each call and report, in one place. It leaves slots and touches to
`disk_heartbeats.py`, locks to `locks.py`, access to `io_engine.py`, VMs to `vms.py`, the agent's files to `files.py`.
Time comes in with each event; what is to be done comes out as actions, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from herzschlag.agents import records
from herzschlag.agents.core import Core
from herzschlag.agents.datastore import layout
from herzschlag.agents.hypervisor.api import (
    AgentDied,
    AgentStarted,
    Answer,
    AnyHypervisorAction,
    AnyHypervisorEvent,
    Called,
    HostBoot,
    HypervisorSettings,
    HypervisorView,
    InjectVm,
    IoDone,
    SetWatchdog,
    StartAgent,
    StoreConfig,
    VmReport,
)
from herzschlag.agents.hypervisor.disk_heartbeats import HeartbeatWatch, NfsPulse, SlotWriter, Stillness
from herzschlag.agents.hypervisor.files import Files
from herzschlag.agents.hypervisor.io_engine import HostIo, Timer, Volume
from herzschlag.agents.hypervisor.locks import LockLost, LockManager
from herzschlag.agents.hypervisor.vms import Vms
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.protocol.events import Wake
from herzschlag.agents.settings import ClusterConfig
from herzschlag.agents.states import DatastoreAccess

AGENT_BOOTS = 1 << 16
"""Boots of an agent within one boot of its host: its boot number is the host's times this, plus its own count."""


class Hypervisor(Core):
    def __init__(self, settings: HypervisorSettings) -> None:
        self._settings = settings
        moid, timers = settings.moid, settings.timers
        self._io = HostIo(settings.datastores, timers.vmfs_io_limit_ns)
        self._io.on_access.append(self._access_changed)
        self._leap_ns = timers.leap_ns
        self._still = Stillness()
        self._slots = {
            volume.name: SlotWriter(self._io, volume, moid, settings.boot, timers)
            for volume in self._io.volumes.values()
            if volume.kind == "vmfs"
        }
        self._hb_path = layout.hb_path(settings.cluster, moid)
        self._pulses = {
            volume.name: NfsPulse(self._io, volume, self._hb_path, timers)
            for volume in self._io.volumes.values()
            if volume.kind == "nfs"
        }
        self._locks = LockManager(settings, self._io, self._slots, self._still)
        self._locks.on_lost = self._lock_lost
        self._locks.on_verified = self._lock_verified
        self._vms = Vms(settings, self._io, self._locks, self._answer)
        self._files = Files(settings, self._io, self._locks, self._still, self._answer)
        self._config: ClusterConfig | None = None
        self._agent = False
        self._agent_boots = 0
        self._watchdog = settings.watchdog
        self._restart: Timer | None = None
        self._heartbeat_datastores: tuple[str, ...] = ()
        self._watches: dict[str, dict[str, HeartbeatWatch]] = {}
        self._polls: dict[str, Timer] = {}

    # --- The three calls ----------------------------------------------------------------------------------------------

    def handle(self, event: AnyHypervisorEvent, now_ns: int) -> list[AnyHypervisorAction]:
        io = self._io
        due_ns = io.wake_at_ns()
        io.begin(now_ns)
        if due_ns is not None and now_ns - due_ns > self._leap_ns:
            self._still.begin_anew(now_ns)
            self._vms.stood_still()
        match event:
            case IoDone(outcome=outcome):
                io.done(outcome)
            case Wake():
                io.fire()
            case VmReport():
                self._vms.report(event)
            case Called(call=call):
                self._called(call)
            case HostBoot():
                self._boot(event)
            case AgentStarted():
                self._agent_started()
            case AgentDied(because=because):
                self._agent_died(because)
            case SetWatchdog(on=on):
                self._set_watchdog(on)
            case InjectVm():
                self._vms.inject(event)
            case _:
                assert_never(event)
        return io.actions

    def wake_at_ns(self) -> int | None:
        return self._io.wake_at_ns()

    def view(self) -> HypervisorView:
        return HypervisorView(
            moid=self._settings.moid,
            boot=self._settings.boot,
            agent=self._agent,
            vms=self._vms.states(),
            datastores={volume.name: volume.access for volume in self._io.volumes.values()},
            locks=self._locks.held(),
            silent_vms=self._vms.silent(),
        )

    # --- Host and agent -----------------------------------------------------------------------------------------------

    def _boot(self, event: HostBoot) -> None:
        self._config = event.config
        for slot in self._slots.values():
            slot.on_verify = self._locks.verify
            slot.start()
        for pulse in self._pulses.values():
            pulse.start()
        because = "mounted when the host booted"
        for datastore in (*self._slots, *self._pulses):
            self._io.trace(records.StorageAccess(datastore=datastore, from_="none", to="ok", because=because))
        self._io.actions.append(StartAgent())

    def _agent_started(self) -> None:
        self._agent = True
        self._agent_boots += 1
        self._answer(
            events.Boot(
                boot=self._settings.boot * AGENT_BOOTS + self._agent_boots,
                config=self._config,
                vms=self._vms.running(),
                datastores={volume.name: volume.access for volume in self._io.volumes.values()},
            )
        )
        for volume in self._io.volumes.values():
            if volume.access != "ok":
                self._answer(events.DatastoreChanged(volume.name, volume.access, volume.since_ns))
        for vm in self._vms.silent():
            self._answer(events.GuestChanged(vm, True))

    def _agent_died(self, because: str) -> None:
        """Release the agent's locks, as a kernel closes the files of a dead process; VMs and VMFS slots go on."""
        self._agent = False
        for host in list(self._watches):
            self._unwatch(host)
        for pulse in self._pulses.values():
            pulse.touch(False)
        self._heartbeat_datastores = ()
        self._files.forget()
        self._locks.release_held_by("agent")
        self._io.trace(records.AgentProcess(from_="up", to="down", because=because))
        self._plan_restart()

    def _plan_restart(self) -> None:
        if self._watchdog and not self._agent and self._restart is None:
            self._restart = self._io.at(self._io.now_ns + self._settings.timers.watchdog_ns, self._restart_agent)

    def _restart_agent(self) -> None:
        self._restart = None
        if self._watchdog and not self._agent:
            self._io.trace(records.AgentProcess(from_="down", to="up", because="the watchdog starts it again"))
            self._io.actions.append(StartAgent())

    def _set_watchdog(self, on: bool) -> None:
        """A watchdog that is switched on again starts an agent that is already down as well."""
        self._watchdog = on
        if self._agent_boots:
            self._plan_restart()

    def _called(self, call: actions.AnyHostCall) -> None:  # noqa: PLR0912 (one line per call)
        match call:
            case actions.ReadFile():
                self._files.read(call)
            case actions.WriteFile():
                self._files.write(call)
            case actions.RemoveFile():
                self._files.remove(call)
            case actions.Lock():
                self._lock(call)
            case actions.Unlock(datastore=datastore, path=path):
                self._locks.release(datastore, path)
            case actions.QueryLock():
                self._files.query_lock(call)
            case actions.PowerOn():
                self._vms.power_on(call)
            case actions.PowerOff():
                self._vms.power_off(call)
            case actions.ShutDownGuest():
                self._vms.shut_down(call)
            case actions.ResetVm():
                self._vms.reset(call)
            case actions.UseHeartbeatDatastores():
                self._use_heartbeat_datastores(call)
            case actions.WatchHeartbeats():
                self._watch(call)
            case actions.UnwatchHeartbeats(host=host):
                self._unwatch(host)
            case actions.KeepConfig():
                self._keep_config(call)
            case _:
                assert_never(call)

    def _answer(self, event: events.AnyEvent) -> None:
        if self._agent:
            self._io.actions.append(Answer(event))

    def _keep_config(self, call: actions.KeepConfig) -> None:
        self._config = call.config
        self._io.actions.append(StoreConfig(call.config))

    # --- Heartbeats ---------------------------------------------------------------------------------------------------

    def _use_heartbeat_datastores(self, call: actions.UseHeartbeatDatastores) -> None:
        before, self._heartbeat_datastores = self._heartbeat_datastores, call.datastores
        for datastore in before:
            if datastore not in call.datastores and datastore in self._io.volumes:
                if datastore in self._pulses:
                    self._pulses[datastore].touch(False)
                self._locks.release(datastore, self._hb_path)
        for datastore in call.datastores:
            if datastore in self._io.volumes:
                self._open_heartbeat(datastore)

    def _open_heartbeat(self, datastore: str) -> None:
        """Lock `host-N-hb`; on NFS, touch it. A datastore that does not answer is tried again when it does."""
        if datastore in self._pulses:
            self._pulses[datastore].touch(True)
        if not self._locks.holds(datastore, self._hb_path):
            self._locks.acquire(
                datastore,
                self._hb_path,
                "agent",
                (),
                lambda held, owner, because: None if held else self._open_heartbeat_later(datastore),
            )

    def _open_heartbeat_later(self, datastore: str) -> None:
        """Its lock was denied or lost, as by reads of old data: else no master would see the heartbeat again."""

        def again() -> None:
            if datastore in self._heartbeat_datastores and self._io.volumes[datastore].access == "ok":
                self._open_heartbeat(datastore)

        self._io.at(self._io.now_ns + self._settings.timers.report_ns, again)

    def _watch(self, call: actions.WatchHeartbeats) -> None:
        watches = self._watches.setdefault(call.host, {})
        for datastore in [name for name in watches if name not in call.datastores]:
            watches.pop(datastore).stop()
        path = layout.hb_path(self._settings.cluster, call.host)
        for datastore in call.datastores:
            volume = self._io.volumes.get(datastore)
            if volume is not None and datastore not in watches:
                watches[datastore] = HeartbeatWatch(
                    self._io, volume, call.host, path, still=self._still, on_moved=self._seen(call.host, datastore)
                )
                watches[datastore].poll()
        if call.host not in self._polls:
            self._plan_poll(call.host)

    def _seen(self, host: str, datastore: str) -> Callable[[int, bool], None]:
        return lambda stamp, first: self._answer(events.HeartbeatSeen(host, datastore, stamp, not first))

    def _plan_poll(self, host: str) -> None:
        at_ns = self._io.now_ns + self._settings.timers.slot_poll_ns
        self._polls[host] = self._io.at(at_ns, lambda: self._poll(host))

    def _poll(self, host: str) -> None:
        self._plan_poll(host)
        for watch in self._watches[host].values():
            watch.poll()

    def _unwatch(self, host: str) -> None:
        for watch in self._watches.pop(host, {}).values():
            watch.stop()
        timer = self._polls.pop(host, None)
        if timer is not None:
            timer.cancel()

    # --- Access and locks ---------------------------------------------------------------------------------------------

    def _access_changed(self, volume: Volume, before: DatastoreAccess) -> None:
        self._answer(events.DatastoreChanged(volume.name, volume.access, volume.since_ns))
        if volume.access == "ok":
            self._locks.access_returned(volume.name)
            if volume.name in self._heartbeat_datastores:
                self._open_heartbeat(volume.name)
        else:
            if volume.name in self._slots:
                self._slots[volume.name].hangs()
            self._vms.access_lost(volume.name, volume.access)

    def _lock(self, call: actions.Lock) -> None:
        if call.datastore not in self._io.volumes:
            because = f"{call.datastore} is not mounted on {self._settings.moid}"
            self._answer(events.LockChanged(call.datastore, call.path, False, "", because))
            return
        self._locks.acquire(
            call.datastore,
            call.path,
            "agent",
            (),
            lambda held, owner, because: self._answer(
                events.LockChanged(call.datastore, call.path, held, self._settings.moid if held else owner, because)
            ),
        )

    def _lock_lost(self, lost: LockLost) -> None:
        if lost.path == self._hb_path:
            self._open_heartbeat_later(lost.datastore)
        elif lost.holder == "agent":
            self._answer(events.LockChanged(lost.datastore, lost.path, False, lost.owner, lost.because))
        else:
            self._vms.lock_lost(lost.holder, lost.because)

    def _lock_verified(self, holder: str) -> None:
        if holder != "agent":
            self._vms.lock_verified(holder)
