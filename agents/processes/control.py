"""What a stage tells the processes of a host or of vCenter, and what they tell it: the control channel's values.

This module decides the conversation alone. It goes through a socket pair made for each start of a host, so its end is
the news of the host's end. Everything here is about faults and evidence; the protocol itself knows nothing of it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from herzschlag.agents.clock import ClockSetting
from herzschlag.agents.hypervisor.api import HypervisorSettings, VmSettings
from herzschlag.agents.protocol.events import UserMaintenance, UserPower, UserReconfigure
from herzschlag.agents.settings import AgentSettings
from herzschlag.agents.vcenter.vcenter import VCenterSettings


class StartHost(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """To the zygote: a hypervisor with an agent, in the namespaces of process `pid`."""

    node: str
    pid: int
    hypervisor: HypervisorSettings
    agent: AgentSettings
    book: dict[str, dict[str, str]]
    """Node to network to address."""
    key: bytes
    clock: ClockSetting


class StartVcenter(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """To the zygote: vCenter's process, in the namespaces of process `pid`."""

    node: str
    pid: int
    boot: int
    vcenter: VCenterSettings
    book: dict[str, dict[str, str]]
    key: bytes


ZygoteOrder = StartHost | StartVcenter
ZYGOTE_ORDERS: msgspec.msgpack.Decoder[ZygoteOrder] = msgspec.msgpack.Decoder(ZygoteOrder)


class StartProcess(msgspec.Struct, frozen=True, tag=True):
    """A hypervisor to the zygote: one more process for my host, its end of a channel attached. Answers ProcessStarted
    or ProcessEnded."""

    number: int
    """The hypervisor's own, to tell its children apart."""
    vm: VmSettings | None
    """None: the agent."""
    clock: ClockSetting
    """The agent's. A VM stamps its disk, the evidence of who wrote when, by the machine's clock."""


class KillProcess(msgspec.Struct, frozen=True, tag=True):
    """A hypervisor to the zygote: kill that child. Answers ProcessEnded; gone already: nothing to do."""

    number: int


class ProcessStarted(msgspec.Struct, frozen=True, tag=True):
    """The zygote to a hypervisor: the child runs; `pid` as the stage sees it."""

    number: int
    pid: int


class ProcessEnded(msgspec.Struct, frozen=True, tag=True):
    """The zygote to a hypervisor: the child exists no more, or could not be made."""

    number: int
    because: str


ChildOrder = StartProcess | KillProcess
CHILD_ORDERS: msgspec.msgpack.Decoder[ChildOrder] = msgspec.msgpack.Decoder(ChildOrder)
ChildNews = ProcessStarted | ProcessEnded
CHILD_NEWS: msgspec.msgpack.Decoder[ChildNews] = msgspec.msgpack.Decoder(ChildNews)


class ZygoteReady(msgspec.Struct, frozen=True, tag=True):
    """From the zygote: everything is imported."""


class Started(msgspec.Struct, frozen=True, tag=True):
    """From the zygote: the node's first process runs. `pid` as the stage sees it."""

    node: str
    pid: int


class StartFailed(msgspec.Struct, frozen=True, tag=True):
    node: str
    because: str


class Died(msgspec.Struct, frozen=True, tag=True):
    """From the zygote: the node's first process ended."""

    node: str
    pid: int
    because: str


ZygoteNews = ZygoteReady | Started | StartFailed | Died
ZYGOTE_NEWS: msgspec.msgpack.Decoder[ZygoteNews] = msgspec.msgpack.Decoder(ZygoteNews)


class KillAgent(msgspec.Struct, frozen=True, tag=True):
    """Kill the HA agent; the watchdog starts it again, or not. Answers Killed."""

    watchdog: bool


class Watchdog(msgspec.Struct, frozen=True, tag=True):
    """Whether the watchdog works from now on. Answers Obeyed."""

    on: bool


class HarmVm(msgspec.Struct, frozen=True, tag=True):
    """A fault inside a VM. Answers Obeyed."""

    vm: str
    command: Literal["crash", "hang", "recover"]


class SetClock(msgspec.Struct, frozen=True, tag=True):
    """To a hypervisor, which answers Obeyed, and from it to its agent: the host's clock is now that far ahead (below
    0: behind) of the machine's, real time."""

    ahead_ns: int


class TellVcenter(msgspec.Struct, frozen=True, tag=True):
    """To vCenter: a person changes something. Answers Obeyed."""

    event: UserPower | UserMaintenance | UserReconfigure


class Who(msgspec.Struct, frozen=True, tag=True):
    """Answers Here."""


ControlOrder = KillAgent | Watchdog | HarmVm | SetClock | TellVcenter | Who
CONTROL_ORDERS: msgspec.msgpack.Decoder[ControlOrder] = msgspec.msgpack.Decoder(ControlOrder)


class Killed(msgspec.Struct, frozen=True, tag=True):
    """`pid` is gone since `at_ns`; 0: there was nothing to kill."""

    pid: int
    at_ns: int


class Obeyed(msgspec.Struct, frozen=True, tag=True):
    at_ns: int


class Here(msgspec.Struct, frozen=True, tag=True):
    """Process numbers as the stage sees them; 0: not running."""

    agent: int
    vms: dict[str, int]
    view: dict[str, Any]


class ChildLost(msgspec.Struct, frozen=True, tag=True):
    """News: the agent, or a VM's process, ended without being told to, and without a word."""

    who: str
    because: str


ControlNews = Killed | Obeyed | Here | ChildLost
CONTROL_NEWS: msgspec.msgpack.Decoder[ControlNews] = msgspec.msgpack.Decoder(ControlNews)
