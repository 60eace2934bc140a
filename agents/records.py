"""Kinds of records that hosts and vCenter write: what each kind means, its fields, and their units.

One class per kind; its tag is the kind's name in a history. A field may hold `UNSET`: then it is not written. The
kinds that the harness itself writes are in `herzschlag/history/kinds.py`, which joins both. A field whose name is a
word of Python ends with `_` here and without it in the history (`from_`, `from`).
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from herzschlag.agents.states import DatastoreAccess, HostState, Role, VmState


class Unit(Enum):
    """What the number in a field measures. A field without one is a text, a count, or an identity."""

    INSTANT = "instant"
    LENGTH = "length"
    REAL_LENGTH = "real length"
    WALL_INSTANT = "wall-clock instant"


Instant = Annotated[int, Unit.INSTANT]
"""Nanoseconds of protocol time since the run began; a process on real packets writes its machine's monotonic clock."""
Length = Annotated[int, Unit.LENGTH]
"""Nanoseconds of protocol time; a process on real packets writes how long it took on its machine."""
RealLength = Annotated[int, Unit.REAL_LENGTH]
"""Nanoseconds of real time, whatever the run's speed."""
WallInstant = Annotated[int, Unit.WALL_INSTANT]
"""Nanoseconds of the machine's wall clock since 1970."""


LockState = Literal["free", "held", "broken", "watching", "denied", "lost"]
SlotState = Literal["none", "offline", "live"]
PathState = Literal["up", "silent"]
SilencePhase = Literal["watching", "unreachable", "heard"]
ProcessName = Literal["agent", "hypervisor", "vm", "vcenter"]


class Entry(
    msgspec.Struct,
    frozen=True,
    gc=False,
    kw_only=True,
    tag_field="kind",
    forbid_unknown_fields=True,
    rename=lambda name: name.rstrip("_"),
):
    """What one record says, without the instant and the node that wrote it."""

    state_of: ClassVar[tuple[str, ...] | None] = None
    """The fields that say what this kind tells the state of: the last record holds. None: it tells of an event."""
    states: ClassVar[tuple[str, ...]] = ()
    """The fields that say the state; others say why."""
    untold: ClassVar[tuple[str, ...] | None] = None
    """The state of which no record is written until it was another one."""
    remembered: ClassVar[bool] = False
    """After such an event a process knows more than before: it counts attempts, waits out a delay, keeps a file."""


def kind_of(entry: Entry | type[Entry]) -> str:
    return str(entry.__struct_config__.tag)


def fields_of(entry: Entry) -> dict[str, Any]:
    """The fields as a history shows them, in the order of the class, without the kind."""
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    del fields["kind"]
    return fields


# --- Agents -----------------------------------------------------------------------------------------------------------


class AgentRole(Entry, frozen=True, gc=False, kw_only=True, tag="role"):
    """An agent changes its role."""

    state_of = ()
    states = ("to", "master")

    from_: Role
    """The role before."""
    to: Role
    """The role from now on."""
    master: str
    """MOID of the master it follows, or is; empty without one."""
    because: str
    """The reason."""


class Path(Entry, frozen=True, gc=False, kw_only=True, tag="path"):
    """One network of a peer falls silent or carries again, while another may carry on."""

    state_of = ("host", "network")
    states = ("to",)
    untold = ("up",)

    host: str
    """MOID of the peer."""
    network: str
    """Name of the network."""
    from_: PathState
    """How it was."""
    to: PathState
    """How it is."""
    because: str
    """The reason."""


class Mastership(Entry, frozen=True, gc=False, kw_only=True, tag="mastership"):
    """A reign ends."""

    remembered = True

    phase: Literal["left"]
    """Always `left`; `role` and `election` say how a reign begins."""
    because: str
    """The reason."""


class Liveness(Entry, frozen=True, gc=False, kw_only=True, tag="liveness"):
    """Watching over one host's sign of life."""

    host: str
    """MOID of the host."""
    phase: SilencePhase
    """Datastore heartbeats are watched; no network heartbeat for 10 s; datagrams arrive again."""
    because: str
    """The reason."""


class HostOpinion(Entry, frozen=True, gc=False, kw_only=True, tag="host-state"):
    """A master, or vCenter, changes its opinion of a host."""

    state_of = ("host",)
    states = ("to",)

    host: str
    """MOID of the host."""
    from_: HostState | Literal["unknown"]
    """The opinion before; `unknown` when there was none."""
    to: HostState
    """The opinion from now on."""
    because: str
    """The reason."""


class Election(Entry, frozen=True, gc=False, kw_only=True, tag="election"):
    """An election of one host."""

    phase: Literal["started", "won", "lost"]
    """It began; no better candidate was heard; a better one was."""
    because: str
    """The reason."""


class Isolation(Entry, frozen=True, gc=False, kw_only=True, tag="isolation"):
    """A host's way into isolation and out of it."""

    remembered = True

    phase: Literal["probing", "declared", "cancelled", "deferred", "response"]
    """It pings the isolation addresses; it is isolated; it is not after all; a VM's response waits; a VM's response."""
    vm: str | UnsetType = UNSET
    """Name of the VM, with `deferred` and `response`."""
    do: Literal["defer", "power-off", "shut-down"] | UnsetType = UNSET
    """What is done with the VM."""
    because: str
    """The reason."""


class Restart(Entry, frozen=True, gc=False, kw_only=True, tag="restart"):
    """A master restarts a VM."""

    remembered = True

    vm: str
    """Name of the VM."""
    phase: Literal["begins", "ordered", "done", "failed", "pending", "given-up"]
    """The VM is to be restarted; a host was told; it runs; the host could not; no host has room; no further attempt."""
    attempt: int
    """Number of the attempt, from 1; 0 before the first."""
    target: str
    """MOID of the host that was told; empty when none was."""
    because: str
    """The reason."""


class Protection(Entry, frozen=True, gc=False, kw_only=True, tag="protect"):
    """A VM becomes protected: a master has written it down, then vCenter has seen that."""

    state_of = ("vm", "phase")
    states = ()

    vm: str
    """Name of the VM."""
    phase: Literal["confirmed"] | UnsetType = UNSET
    """VCenter writes `confirmed`, a master nothing."""
    datastore: str | UnsetType = UNSET
    """Where the protectedlist is that the master wrote."""
    because: str
    """The reason."""


class Configured(Entry, frozen=True, gc=False, kw_only=True, tag="config"):
    """An agent took a configuration, or vCenter gave one."""

    state_of = ()
    states = ("generation",)

    generation: int
    """Number of the configuration, from 1."""
    because: str
    """The reason."""


class Dropped(Entry, frozen=True, gc=False, kw_only=True, tag="dropped"):
    """An agent, or vCenter, refused a datagram that it could read."""

    sender: str
    """MOID that the datagram names."""
    reason: str
    """One word: `replayed`, `stranger`, …"""
    count: int
    """How many the writer has refused for this reason so far; an agent writes the 1st, 2nd, 4th, 8th, …"""
    because: str
    """The reason as a sentence."""


class ComponentProtection(Entry, frozen=True, gc=False, kw_only=True, tag="vmcp"):
    """VM component protection acts."""

    remembered = True

    datastore: str | UnsetType = UNSET
    """The datastore that the host cannot use."""
    vm: str | UnsetType = UNSET
    """Name of the VM, where it is about one."""
    phase: Literal["apd-timeout", "cleared", "left-alone", "ended"]
    """I/O hung for 140 s; access is back after that; nothing is done; the VM is powered off to run elsewhere."""
    because: str
    """The reason."""


class Guest(Entry, frozen=True, gc=False, kw_only=True, tag="guest"):
    """A guest's heartbeat stops or is back, by its hypervisor; or VM monitoring gives the VM up, by the agent."""

    remembered = True

    vm: str
    """Name of the VM."""
    to: Literal["silent", "heard", "given-up"]
    """Its heartbeat stopped; its heartbeat is back; too many resets did not help."""
    because: str
    """The reason."""


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
    """How late a process's timers fired since it last said so; real packets only."""

    process: ProcessName
    """Which process of the node."""
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


AnyEntry = (
    AgentRole
    | Path
    | Mastership
    | Liveness
    | HostOpinion
    | Election
    | Isolation
    | Restart
    | Protection
    | Configured
    | Dropped
    | ComponentProtection
    | Guest
    | VmChange
    | FileLock
    | Slot
    | StorageAccess
    | AgentProcess
    | MasterSeen
    | UserRequest
    | Lateness
    | Undelivered
    | Disk
)
