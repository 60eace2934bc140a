"""A simulated host: a hypervisor, an HA agent and VM processes, the cores of `agents` each.

This module decides what the processes' actions become: a datagram, a ping, an I/O request, another process, a
record. What they say to each other is heard at the same instant. A host handles power,
freezing and the death of single processes; the network handles cuts, and the datastores handle storage access.

A host keeps two things when it loses power: its stored configuration and the count of its lives. What the datastores
hold stays there; requests that hang there end with the host.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from herzschlag.agents.datastore.requests import AnyIo, Append, Outcome, Replace, TestAndSet, WriteSector
from herzschlag.agents.ha.agent import Agent
from herzschlag.agents.hypervisor.api import (
    AbortIo,
    AgentDied,
    AgentStarted,
    Answer,
    Called,
    CommandVm,
    EndVm,
    HostBoot,
    HypervisorSettings,
    InjectVm,
    Io,
    IoDone,
    SetWatchdog,
    StartAgent,
    StartVm,
    StopVm,
    StoreConfig,
    Tell,
    VmBoot,
    VmCommand,
    VmReport,
)
from herzschlag.agents.hypervisor.hypervisor import Hypervisor
from herzschlag.agents.hypervisor.vm import Vm
from herzschlag.agents.protocol.actions import Ping, Send, Trace
from herzschlag.agents.protocol.events import AnyEvent
from herzschlag.agents.settings import AgentSettings, ClusterConfig, DatastoreKind
from herzschlag.backends.simulation.network import SimulatedNetwork
from herzschlag.backends.simulation.node import Node, Record
from herzschlag.backends.simulation.process import Clock, Process
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.backends.simulation.slow_io import SlowIo
from herzschlag.history.kinds import PowerLost

SOCKET_DATAGRAMS_MAX = 500
"""Datagrams that a frozen agent's sockets hold: twice the kernel's default of 208 KiB, some 830 bytes a datagram."""


class Datastores(Protocol):
    """The part of the datastores that a host needs."""

    def perform(self, request: AnyIo, host: str, *, die_after_bytes: int | None = None) -> Outcome | None: ...

    def abort(self, host: str, datastore: str, request: int) -> None: ...

    def forget(self, host: str) -> None: ...


class SimVm:
    """One VM process."""

    __slots__ = ("name", "number", "process")

    def __init__(self, name: str, number: int, process: Process) -> None:
        self.name = name
        self.number = number
        self.process = process


class SimHost(Node):
    def __init__(
        self,
        name: str,
        queue: EventQueue,
        network: SimulatedNetwork,
        record: Record,
        *,
        agent_settings: AgentSettings,
        datastores: Datastores,
        kinds: dict[str, DatastoreKind],
    ) -> None:
        super().__init__(name, queue, network, record)
        self._agent_settings = agent_settings
        self._datastores = datastores
        self._kinds = kinds
        self._slow = SlowIo(queue, self._came)
        self._truth = Clock(queue)
        """VMs stamp their disk writes, the evidence of the one-writer checker, by the clock of the history."""
        self._boot = 0
        self._stored: ClusterConfig | None = None
        self._watchdog = True
        self._socket: deque[AnyEvent] = deque()
        self._dies_after_bytes: int | None = None
        self.frozen = False
        self.hypervisor: Process | None = None
        self.agent: Process | None = None
        self.vms: dict[int, SimVm] = {}
        self._wishes: dict[type[Any], Callable[[Any], None]] = {
            Io: self._io,
            Answer: self._answer,
            Trace: self._trace,
            AbortIo: self._abort_io,
            CommandVm: self._command_vm,
            StopVm: self._stop_vm,
            StartVm: self._start_vm,
            StartAgent: self._start_agent,
            StoreConfig: self._store_config,
        }
        """The function for each kind of action of the hypervisor."""

    # -- power and processes ----------------------------------------------------------------------------------------

    def power_on(self) -> None:
        if self.powered:
            return
        self.powered = True
        self._boot += 1
        settings = HypervisorSettings(
            moid=self.name,
            cluster=self._agent_settings.cluster,
            boot=self._boot,
            timers=self._agent_settings.timers,
            datastores=dict(self._kinds),
            watchdog=self._watchdog,
        )
        self.hypervisor = Process(self, self.clock, Hypervisor(settings), self._perform_hypervisor)
        self.hypervisor.stopped = self.frozen
        self._tell_hypervisor(HostBoot(self._stored))

    def power_off(self) -> None:
        """End everything on the host between two instructions."""
        self.powered = False
        self._dies_after_bytes = None
        for process in self.processes():
            process.kill()
        self.hypervisor = self.agent = None
        self.vms.clear()
        self.pending.clear()
        self._socket.clear()
        self._datastores.forget(self.name)
        self._slow.forget()

    def power_off_in_next_write(self, after_bytes: int) -> None:
        """Lose power while the next write to a datastore is on its way: its first `after_bytes` bytes arrive."""
        self._dies_after_bytes = after_bytes

    def freeze(self, frozen: bool) -> None:
        """Stop every process, or let all go on. What their sockets hold is read before timers are looked at, as in
        the loop that drives a real agent."""
        if frozen == self.frozen:
            return
        self.frozen = frozen
        for process in self.processes():
            process.stopped = frozen
        if frozen:
            self._slow.hold(True)
            return
        self._slow.hold(False)
        self.drain()
        waiting = list(self._socket)
        self._socket.clear()
        for event in waiting:
            self.receive(event)
        for process in self.processes():
            process.rearm()

    def crash_agent(self, because: str) -> None:
        if self.agent is not None:
            self.agent.kill()
            self.agent = None
            self._socket.clear()
            self._tell_hypervisor(AgentDied(because))

    def set_watchdog(self, on: bool) -> None:
        self._watchdog = on
        self._tell_hypervisor(SetWatchdog(on))

    def set_clock_ahead(self, ahead_ns: int) -> None:
        self.clock.set_ahead(ahead_ns)
        for process in self.processes():
            process.rearm()

    def inject(self, event: InjectVm) -> None:
        self._tell_hypervisor(event)

    def processes(self) -> list[Process]:
        found = [self.hypervisor, self.agent, *(vm.process for vm in self.vms.values())]
        return [process for process in found if process is not None]

    def runs(self, vm: str) -> bool:
        return any(one.name == vm for one in self.vms.values())

    # -- from outside -------------------------------------------------------------------------------------------------

    def receive(self, event: AnyEvent) -> None:
        agent = self.agent
        if agent is None:
            return
        if self.frozen:
            if len(self._socket) < SOCKET_DATAGRAMS_MAX:
                self._socket.append(event)
            return
        agent.step(event)
        if self.pending:
            self.drain()

    def io_done(self, outcome: Outcome) -> None:
        """Report to the host that a request that hung was carried out after all."""
        self._finish_io(outcome)
        self._drain_unless_frozen()

    def set_io_delay(self, datastore: str, delay_ns: int) -> None:
        """How long each request to the datastore takes from now on."""
        self._slow.set_delay(datastore, delay_ns)

    def _came(self, request: AnyIo) -> None:
        """The time of a request to a slow datastore has come."""
        self._carry_out(request)
        self._drain_unless_frozen()

    def _tell_hypervisor(self, event: Any) -> None:
        if self.hypervisor is not None:
            self.pending.append((self.hypervisor, event))
            self._drain_unless_frozen()

    def _drain_unless_frozen(self) -> None:
        if not self.frozen:
            self.drain()

    # -- actions of the processes -------------------------------------------------------------------------------------

    def _perform_agent(self, actions: list[Any]) -> None:
        for action in actions:
            kind = type(action)
            if kind is Send:
                self.network.send(self.name, action)
            elif kind is Trace:
                self.record(self.name, action.entry)
            elif kind is Ping:
                self.network.ping(self.name, action.address)
            elif self.hypervisor is not None:
                self.pending.append((self.hypervisor, Called(action)))

    def _perform_hypervisor(self, actions: list[Any]) -> None:
        wishes = self._wishes
        for action in actions:
            if not self.powered:
                return  # the host lost power in the middle of a write
            wishes[type(action)](action)

    def _answer(self, action: Answer) -> None:
        if self.agent is not None:
            self.pending.append((self.agent, action.event))

    def _trace(self, action: Trace) -> None:
        self.record(self.name, action.entry)

    def _io(self, action: Io) -> None:
        self._perform_io(action.request)

    def _abort_io(self, action: AbortIo) -> None:
        self._slow.abort(action.datastore, action.request)
        self._datastores.abort(self.name, action.datastore, action.request)

    def _command_vm(self, action: CommandVm) -> None:
        if action.number in self.vms:
            self.pending.append((self.vms[action.number].process, VmCommand(action.command)))

    def _stop_vm(self, action: StopVm) -> None:
        self._end_vm(action.number, "killed by its hypervisor")

    def _start_vm(self, action: StartVm) -> None:
        settings = action.settings
        process = Process(self, self._truth, Vm(settings), self._vm_performer(settings.number))
        self.vms[settings.number] = SimVm(settings.vm.name, settings.number, process)
        self.pending.append((process, VmBoot()))

    def _start_agent(self, action: StartAgent) -> None:
        self.agent = Process(self, self.clock, Agent(self._agent_settings), self._perform_agent)
        self._tell(AgentStarted())

    def _store_config(self, action: StoreConfig) -> None:
        self._stored = action.config

    def _vm_performer(self, number: int) -> Any:
        def perform(actions: list[Any]) -> None:
            for action in actions:
                if not self.powered:
                    return
                kind = type(action)
                if kind is Io:
                    self._perform_io(action.request)
                elif kind is Tell:
                    self._tell(action.report)
                elif kind is EndVm:
                    self._end_vm(number, action.because)
                elif kind is AbortIo:
                    self._abort_io(action)
                else:
                    raise AssertionError(f"{self.name}: a VM wants {action!r}, which is unknown here")

        return perform

    def _end_vm(self, number: int, because: str) -> None:
        vm = self.vms.pop(number, None)
        if vm is not None:
            vm.process.kill()
            self._tell(VmReport(vm.name, number, "ended", because))

    def _tell(self, event: Any) -> None:
        """Say something to the hypervisor, to be heard after what was said before."""
        if self.hypervisor is not None:
            self.pending.append((self.hypervisor, event))

    def _perform_io(self, request: AnyIo) -> None:
        if not self._slow.takes(request):
            self._carry_out(request)

    def _carry_out(self, request: AnyIo) -> None:
        if self._dies_after_bytes is not None and isinstance(request, Append | Replace | TestAndSet | WriteSector):
            self._datastores.perform(request, self.name, die_after_bytes=self._dies_after_bytes)
            self.record(self.name, PowerLost(in_=type(request).__name__, path=request.path))
            self.power_off()
            return
        outcome = self._datastores.perform(request, self.name)
        if outcome is not None:
            self._finish_io(outcome)

    def _finish_io(self, outcome: Outcome) -> None:
        number = outcome.request >> 32
        if number == 0:
            self._tell(IoDone(outcome))
        elif number in self.vms:
            self.pending.append((self.vms[number].process, IoDone(outcome)))
