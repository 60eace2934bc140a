"""Kinds of records that hypervisors, vCenter and processes write, and what VMs leave on their disks."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from herzschlag.agents.records.entry import Entry, Instant, Length, RealLength
from herzschlag.agents.states import DatastoreAccess, VmState

LockState = Literal["free", "held", "broken", "watching", "denied", "lost"]
ReportState = Literal["heard", "silent"]
SlotState = Literal["none", "offline", "live"]
ProcessName = Literal["agent", "hypervisor", "vm", "vcenter", "switch", "relay", "reader"]


# --- Hypervisors ------------------------------------------------------------------------------------------------------


class VmChange(Entry, frozen=True, gc=False, kw_only=True, tag="vm"):
    """A VM on this host changes state."""

    state_of = ("vm",)
    states = ("to",)

    vm: str
    """Name of the VM."""
    from_: VmState
    """The state before."""
    to: VmState
    """The state from now on."""
    because: str
    """The reason."""
    order: int | UnsetType = UNSET
    """Number of the order by which it was started here."""
    by: str | UnsetType = UNSET
    """Who ordered it: MOID of a master, or `vcenter` for a user; absent when this host itself did, or no one."""
    asked: bool | UnsetType = UNSET
    """With `off`: a user or an agent asked for it."""


class FileLock(Entry, frozen=True, gc=False, kw_only=True, tag="lock"):
    """This host's hold on a file's lock changes."""

    state_of = ("datastore", "path")
    states = ("to", "owner")

    datastore: str
    """Name of the datastore."""
    path: str
    """The file, from the datastore's root."""
    from_: LockState
    """How the lock was."""
    to: LockState
    """How it is; with `watching` and `denied` another host has it, `broken` and `lost` say that one of us took it."""
    owner: str
    """MOID of the owner, as far as it is known."""
    because: str
    """The reason."""
    given_up_ago_ns: Length | UnsetType = UNSET
    """When released: how long ago this host stopped to rely on it."""


class Slot(Entry, frozen=True, gc=False, kw_only=True, tag="slot"):
    """This host's slot in a VMFS heartbeat region."""

    state_of = ("datastore",)
    states = ("to",)

    datastore: str
    """Name of the datastore."""
    from_: SlotState
    """How it was."""
    to: SlotState
    """How it is."""
    because: str
    """The reason."""


class StorageAccess(Entry, frozen=True, gc=False, kw_only=True, tag="datastore"):
    """This host's access to a datastore changes."""

    state_of = ("datastore",)
    states = ("to",)

    datastore: str
    """Name of the datastore."""
    from_: DatastoreAccess | Literal["none"]
    """The access before; `none` until the host has booted."""
    to: DatastoreAccess
    """The access from now on."""
    because: str
    """The reason."""


class AgentProcess(Entry, frozen=True, gc=False, kw_only=True, tag="agent"):
    """The agent of this host dies, or is started again."""

    state_of = ()
    states = ("to",)
    untold = ("up",)

    from_: Literal["up", "down"]
    """How it was."""
    to: Literal["up", "down"]
    """How it is."""
    because: str
    """The reason."""


# --- vCenter ----------------------------------------------------------------------------------------------------------


class MasterSeen(Entry, frozen=True, gc=False, kw_only=True, tag="vcenter"):
    """The master that vCenter listens to changes."""

    state_of = ()
    states = ("master",)

    master: str
    """MOID of the master; empty without one."""
    because: str
    """The reason."""


class Reports(Entry, frozen=True, gc=False, kw_only=True, tag="reports"):
    """A host's own reports no longer reach vCenter by any network, or do so again."""

    state_of = ("host",)
    states = ("to",)
    untold = ("heard",)

    host: str
    """MOID of the host."""
    from_: ReportState
    """How it was."""
    to: ReportState
    """How it is."""
    because: str
    """The reason."""


class UserRequest(Entry, frozen=True, gc=False, kw_only=True, tag="user"):
    """A user asks vCenter to power a VM on or off."""

    state_of = ("vm",)
    states = ("on",)

    vm: str
    """Name of the VM."""
    on: bool
    """On, or off."""
    host: str
    """MOID of the host that shall do it."""
    refused: bool
    """VCenter did not pass it on."""
    because: str
    """The reason."""


# --- Processes --------------------------------------------------------------------------------------------------------


class Lateness(Entry, frozen=True, gc=False, kw_only=True, tag="lateness"):
    """How late a process's timers fired, or a switch answered, since it was last said; real packets only."""

    process: ProcessName
    """Which process of the node; `switch`: the node is a network's switch, `sA` or `sB`; `relay`: the node is
    the relay of bad lines; `reader`: the lab's own, which stamps what another system's programs on the node say."""
    max_ns: RealLength
    """The latest of them."""
    p99_ns: RealLength
    """99 of 100 were at most as late."""
    count: int
    """How many timers fired."""


class Undelivered(Entry, frozen=True, gc=False, kw_only=True, tag="undelivered"):
    """A process could not read a datagram, or could not send one; real packets only."""

    direction: Literal["in", "out"]
    """Received, or to be sent."""
    network: str
    """Name of the network; `ping` for an echo request."""
    reason: str
    """One word."""
    because: str
    """The reason as a sentence."""
    count: int
    """How many since the last such record."""
    total: int
    """How many so far."""


class Disk(Entry, frozen=True, gc=False, kw_only=True, tag="disk"):
    """One writer's unbroken stretch in a VM's disk file, read when the run ends."""

    vm: str
    """Name of the VM."""
    datastore: str
    """Name of the datastore."""
    host: str
    """MOID of the host on which the writer ran."""
    boot: int
    """Number of the host's boot."""
    life: int
    """Number of the guest's life within that boot: another one after each start and each reset."""
    first_ns: Instant
    """Its first write, by the history's clock."""
    last_ns: Instant
    """Its last write."""
    count: int
    """How many writes."""
    torn: int
    """How many writes in the whole file have a wrong check sum: their writers died while they wrote."""
