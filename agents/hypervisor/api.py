"""The events and actions of a hypervisor and its VMs: the values between their cores and the drivers.

This module decides only which values there are; `hypervisor.py` and `vm.py` decide what is sent. Events and actions
shared with the agent (`Wake`, `Trace`, host calls and their answers) are those of `agents/protocol/events.py` and
`actions.py`.

Numbers of I/O requests are unique within one life of a host: those of VM process number `n` begin at `n << 32`, the
hypervisor's own are below `1 << 32`. So `request >> 32` says which process an outcome is for (0: the hypervisor).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.agents.datastore.requests import AnyIo, Outcome
from herzschlag.agents.protocol.actions import Action, AnyHostCall, Trace
from herzschlag.agents.protocol.events import AnyEvent, Event, Wake
from herzschlag.agents.settings import SECOND, ClusterConfig, DatastoreKind, Timers, VmConfig
from herzschlag.agents.states import DatastoreAccess, VmState

VM_REQUESTS_SHIFT = 32


class HypervisorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one life of a host, from power-on to power-off."""

    moid: str
    cluster: str
    boot: int
    """Greater than in every earlier life of this host."""
    timers: Timers
    datastores: dict[str, DatastoreKind]
    """The datastores mounted on this host."""
    second_ns: int = SECOND
    """Length of a protocol second (a second divided by speed), for the times VmConfig gives in seconds."""
    watchdog: bool = True
    """Whether a dead agent is started again."""


class VmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one VM process."""

    vm: VmConfig
    host: str
    boot: int
    """The host's boot number: which life of the host the process belongs to."""
    number: int
    """Number of this VM process in that life, from 1."""
    timers: Timers
    second_ns: int = SECOND


# --- Events of a hypervisor -------------------------------------------------------------------------------------------


class HostBoot(Event, frozen=True, gc=False, tag=True):
    """The host powered on. This is the first event of its life."""

    config: ClusterConfig | None
    """The content of its local store: the last KeepConfig of any earlier life."""


class IoDone(Event, frozen=True, gc=False, tag=True):
    """An I/O request was carried out."""

    outcome: Outcome


class AgentStarted(Event, frozen=True, gc=False, tag=True):
    """The agent's process, asked for by StartAgent, can be talked to. The hypervisor answers with events.Boot."""


class AgentDied(Event, frozen=True, gc=False, tag=True):
    """The agent's process ended, for whatever reason."""

    because: str


class Called(Event, frozen=True, gc=False, tag=True):
    """The agent asks its hypervisor."""

    call: AnyHostCall


class SetWatchdog(Event, frozen=True, gc=False, tag=True):
    """Whether dead agents are started again from now on (a fault: "it stays down", case 32)."""

    on: bool


VmWord = Literal["started", "ended", "stunned", "silent", "heard", "disk-refuses", "disk-works"]
"""What a VM process reports: it runs; it is gone for good; its disk did not answer, so it waits for `continue`;
its guest's heartbeat stopped; the guest's heartbeat is back; its disk refuses writes; its disk takes them again."""


class VmReport(Event, frozen=True, gc=False, tag=True):
    """A report from, or about, VM process `number`. `ended` means that the process is gone and can no longer write."""

    vm: str
    number: int
    what: VmWord
    because: str = ""


class InjectVm(Event, frozen=True, gc=False, tag=True):
    """A fault inside a running VM, which is passed on as a command. If the VM does not run, nothing happens."""

    vm: str
    command: Literal["crash", "hang", "recover"]


AnyHypervisorEvent = Wake | HostBoot | IoDone | AgentStarted | AgentDied | Called | SetWatchdog | VmReport | InjectVm


# --- Actions of a hypervisor ------------------------------------------------------------------------------------------


class Io(Action, frozen=True, gc=False, tag=True):
    """Carry this out; its outcome comes back as IoDone. Requests to one datastore are carried out in order."""

    request: AnyIo


class AbortIo(Action, frozen=True, gc=False, tag=True):
    """Forget a hanging request: it must not be carried out and has no outcome. A request already done stays done."""

    datastore: str
    request: int


class Answer(Action, frozen=True, gc=False, tag=True):
    """Hand this event to the agent."""

    event: AnyEvent


class StartAgent(Action, frozen=True, gc=False, tag=True):
    """Start the agent's process."""


class StartVm(Action, frozen=True, gc=False, tag=True):
    """Start a VM process. The answer is VmReport started or, if that is impossible, ended."""

    settings: VmSettings


class StopVm(Action, frozen=True, gc=False, tag=True):
    """Kill VM process `number` at once, whatever it is doing. The answer is VmReport ended."""

    vm: str
    number: int


VmOrder = Literal["shutdown", "reset", "continue", "crash", "hang", "recover"]


class CommandVm(Action, frozen=True, gc=False, tag=True):
    """Hand VmCommand(command) to VM process `number`."""

    vm: str
    number: int
    command: VmOrder


class StoreConfig(Action, frozen=True, gc=False, tag=True):
    """Keep the configuration on the host's local disk; HostBoot of later lives brings it back."""

    config: ClusterConfig


AnyHypervisorAction = Io | AbortIo | Answer | StartAgent | StartVm | StopVm | CommandVm | StoreConfig | Trace


# --- A VM's own -------------------------------------------------------------------------------------------------------


class VmBoot(Event, frozen=True, gc=False, tag=True):
    """The VM process runs. This is the first event of its life."""


class VmCommand(Event, frozen=True, gc=False, tag=True):
    command: VmOrder


AnyVmEvent = Wake | VmBoot | VmCommand | IoDone


class Tell(Action, frozen=True, gc=False, tag=True):
    """Hand this to the VM's hypervisor."""

    report: VmReport


class EndVm(Action, frozen=True, gc=False, tag=True):
    """The process ends itself; once it is gone, the hypervisor gets VmReport ended with this reason."""

    because: str


AnyVmAction = Io | AbortIo | Tell | EndVm


# --- Views ----------------------------------------------------------------------------------------------------------


class HypervisorView(msgspec.Struct, frozen=True):
    """A snapshot for tests and reports."""

    moid: str
    boot: int
    agent: bool
    """Whether an agent process runs."""
    vms: dict[str, VmState]
    """Every VM that the host has handled in this life."""
    datastores: dict[str, DatastoreAccess]
    locks: tuple[tuple[str, str], ...]
    """(datastore, path) of every lock that the host believes it holds."""
    silent_vms: tuple[str, ...]
    """Running VMs whose guest heartbeat stopped."""
