"""The process of a host's hypervisor: its core between datastores, its agent, its VMs and the stage.

This module decides when the agent or a VM counts as gone: when the kernel says so, never when it merely says goodbye.
It leaves their start to the zygote (`children.py` says why) and everything else to the core.

    stage ── control channel ── hypervisor ──┬── agent     host calls up, events down
                                     │       └── vm …      reports up, commands down
                                  zygote: starts and kills them
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any, NoReturn

import msgspec

from herzschlag.agents.clock import RIGHT
from herzschlag.agents.hypervisor.api import (
    AbortIo,
    AgentDied,
    AgentStarted,
    Answer,
    Called,
    CommandVm,
    HostBoot,
    InjectVm,
    Io,
    SetWatchdog,
    StartAgent,
    StartVm,
    StopVm,
    StoreConfig,
    VmReport,
    VmSettings,
)
from herzschlag.agents.hypervisor.hypervisor import Hypervisor
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.children import Children
from herzschlag.agents.processes.control import (
    CONTROL_ORDERS,
    ChildLost,
    ControlNews,
    ControlOrder,
    HarmVm,
    Here,
    KillAgent,
    Killed,
    Obeyed,
    SetClock,
    StartHost,
    Watchdog,
    Who,
)
from herzschlag.agents.processes.loop import Loop
from herzschlag.agents.processes.record_file import RecordFile
from herzschlag.agents.processes.store import Store, keep_config, kept_config
from herzschlag.agents.protocol.actions import AnyHostCall, Trace
from herzschlag.agents.protocol.events import WAKE

CALLS: msgspec.msgpack.Decoder[AnyHostCall] = msgspec.msgpack.Decoder(AnyHostCall)
_REPORTS: msgspec.msgpack.Decoder[VmReport] = msgspec.msgpack.Decoder(VmReport)


class _VmChild:
    """A VM's process."""

    def __init__(self, settings: VmSettings) -> None:
        self.settings = settings
        self.number = 0
        """The process, as the zygote knows it."""
        self.channel: Channel
        self.because = ""
        """Why it says it ends."""
        self.told_to_end = False
        """It was told to end."""


class HypervisorProcess:
    """Everything the first process of a host holds."""

    def __init__(self, order: StartHost, control: socket.socket, zygote: socket.socket, records: int) -> None:
        self._records = RecordFile(records, order.node)
        core = Hypervisor(order.hypervisor)
        self._core = core
        self._loop = Loop(core, WAKE, self._perform, self._records, "hypervisor", clock=order.clock)
        self._store = Store(self._loop)
        self._control = Channel(control, CONTROL_ORDERS)
        self._loop.join(self._control, self._ordered, self._loop.stop)
        self._children = Children(zygote)
        self._loop.watch(self._children.fileno(), self._children.listen)
        self._agent: int | None = None
        self._agent_channel: Channel | None = None
        self._agent_told_to_end = False
        self._vms: dict[int, _VmChild] = {}

    def run(self) -> NoReturn:
        self._loop.feed(HostBoot(kept_config()))
        self._loop.run()
        os._exit(0)  # the stage is gone, and with it the run

    def _perform(self, action: Any, now_ns: int) -> None:  # noqa: PLR0912 (one line per action)
        match action:
            case Io():
                self._store.io(action)
            case AbortIo():
                self._store.abort(action)
            case Answer(event=event):
                if self._agent_channel is not None:
                    self._agent_channel.send(event)
            case Trace(entry=entry):
                self._records.write(now_ns, entry)
            case StartAgent():
                self._start_agent()
            case StartVm(settings=settings):
                self._start_vm(settings)
            case StopVm(number=number):
                if number in self._vms:
                    self._vms[number].told_to_end = True
                    self._children.kill(self._vms[number].number)
            case CommandVm(number=number, command=command):
                if number in self._vms:
                    self._vms[number].channel.send(command)
            case StoreConfig(config=config):
                keep_config(config)
            case _:
                raise AssertionError(f"the hypervisor asked for {action!r}, which no driver knows")

    # --- The agent ----------------------------------------------------------------------------------------------------

    def _start_agent(self) -> None:
        assert self._agent is None, "a host has one agent"
        self._agent, end = self._children.start(None, self._loop.clock, self._agent_gone)
        self._agent_channel = Channel(end, CALLS)
        self._loop.join(self._agent_channel, lambda call: self._loop.feed(Called(call)), lambda: None)
        self._loop.feed(AgentStarted())

    def _agent_gone(self, because: str) -> None:
        channel = self._agent_channel
        assert channel is not None
        if not self._agent_told_to_end:
            self._control.send(ChildLost("the agent", because))
        self._agent_told_to_end = False
        self._agent = self._agent_channel = None
        self._loop.leave(channel)  # what it asked for last is lost, as with a pipe to a dead daemon
        self._loop.feed(AgentDied(because))

    # --- VMs ----------------------------------------------------------------------------------------------------------

    def _start_vm(self, settings: VmSettings) -> None:
        entry = _VmChild(settings)
        entry.number, end = self._children.start(settings, RIGHT, lambda how: self._vm_gone(entry, how))
        entry.channel = Channel(end, _REPORTS)
        self._vms[settings.number] = entry
        self._loop.join(entry.channel, lambda report: self._vm_reported(entry, report), lambda: None)

    def _vm_reported(self, entry: _VmChild, report: VmReport) -> None:
        if report.what == "ended":
            entry.because = report.because
        else:
            self._loop.feed(report)

    def _vm_gone(self, entry: _VmChild, how: str) -> None:
        for report in entry.channel.receive()[0]:
            self._vm_reported(entry, report)
        self._loop.leave(entry.channel)
        number = entry.settings.number
        del self._vms[number]
        if not entry.told_to_end and not entry.because:
            self._control.send(ChildLost(entry.settings.vm.name, how))
        self._loop.feed(VmReport(entry.settings.vm.name, number, "ended", entry.because or f"its process was {how}"))

    # --- The stage ----------------------------------------------------------------------------------------------------

    def _ordered(self, order: ControlOrder) -> None:
        answer: ControlNews
        match order:
            case KillAgent(watchdog=watchdog):
                self._loop.feed(SetWatchdog(watchdog))
                answer = self._kill_agent()
            case Watchdog(on=on):
                self._loop.feed(SetWatchdog(on))
                answer = Obeyed(time.monotonic_ns())
            case HarmVm(vm=vm, command=command):
                self._loop.feed(InjectVm(vm, command))
                answer = Obeyed(time.monotonic_ns())
            case SetClock(ahead_ns=ahead_ns):
                self._loop.set_clock(ahead_ns)
                if self._agent_channel is not None:
                    self._agent_channel.send(order)
                answer = Obeyed(time.monotonic_ns())
            case Who():
                pids = self._children.pids
                vms = {entry.settings.vm.name: pids.get(entry.number, 0) for entry in self._vms.values()}
                view = msgspec.to_builtins(self._core.view())
                answer = Here(pids.get(self._agent, 0) if self._agent is not None else 0, vms, view)
            case _:
                raise AssertionError(f"a hypervisor was told {order!r}")
        self._control.send(answer)

    def _kill_agent(self) -> Killed:
        if self._agent is None:
            return Killed(0, time.monotonic_ns())
        self._agent_told_to_end = True
        pid = self._children.kill_now(self._agent)
        return Killed(pid, time.monotonic_ns())
