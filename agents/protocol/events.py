"""Events of an agent: everything that can happen to it, as frozen values for `Agent.handle(event, now_ns)`.

The driver (real) and the simulator make them; neither decides anything. Host calls are the conversation between
an agent and its own hypervisor: actions ask, these events answer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.agents.protocol.messages import AnyMessage, OrderId
from herzschlag.agents.settings import ClusterConfig
from herzschlag.agents.states import DatastoreAccess, VmState


class Event(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base of all events."""


class Wake(Event, frozen=True, gc=False, tag=True):
    """`wake_at_ns()` has come. Nothing due is a legal answer."""


WAKE = Wake()


class Boot(Event, frozen=True, gc=False, tag=True):
    """The agent's process started. `boot` is greater than in every earlier life of this host."""

    boot: int
    config: ClusterConfig | None
    """What the local disk holds; None: vCenter never configured this host."""
    vms: dict[str, VmState]
    """VMs already running on the hypervisor (an agent may be restarted alone)."""
    datastores: dict[str, DatastoreAccess]


class Received(Event, frozen=True, gc=False, tag=True):
    """A datagram for this node whose tag was right. Replays are for the core to see."""

    network: str
    message: AnyMessage
    to_boot: int
    """As in `Address`: the life of this node that the sender knows of; 0 when it knows none."""


class PingAnswered(Event, frozen=True, gc=False, tag=True):
    """An echo reply from `address` to a ping of ours."""

    address: str


class VmChanged(Event, frozen=True, gc=False, tag=True):
    """A VM on this host changed state."""

    vm: str
    state: VmState
    because: str
    asked: bool
    """False: it ended by itself (crash), so HA may restart it."""


class GuestChanged(Event, frozen=True, gc=False, tag=True):
    """VMware Tools in a running VM fell silent (no guest heartbeat, no I/O), or beat again."""

    vm: str
    silent: bool


class PowerOnDone(Event, frozen=True, gc=False, tag=True):
    """The power-on task `order` ended."""

    order: OrderId
    vm: str
    ok: bool
    because: str


class DatastoreChanged(Event, frozen=True, gc=False, tag=True):
    """This host's access to a datastore changed (I/O hangs since, failed, or works again)."""

    datastore: str
    access: DatastoreAccess
    since_ns: int
    """Since when; for `apd`: when the first I/O was asked that has not returned."""


class HeartbeatSeen(Event, frozen=True, gc=False, tag=True):
    """While watching: the first look at the datastore heartbeat of `host`, then each time it moved."""

    host: str
    datastore: str
    stamp: int
    """The content that was read; it stays the same until the next event (LockEvidence carries it to other hosts)."""
    moved: bool
    """False at the first look, which proves nothing."""


class FileRead(Event, frozen=True, gc=False, tag=True):
    """Answer to ReadFile."""

    datastore: str
    path: str
    status: Literal["ok", "missing", "damaged", "lost"]
    """`damaged`: it exists, but its check sum is wrong. `lost`: the datastore failed. A hanging one never answers."""
    data: bytes


class FileWritten(Event, frozen=True, gc=False, tag=True):
    """Answer to WriteFile and RemoveFile."""

    datastore: str
    path: str
    status: Literal["ok", "lost", "not-owner"]


class LockChanged(Event, frozen=True, gc=False, tag=True):
    """Answer to Lock, or a lock lost later."""

    datastore: str
    path: str
    held: bool
    owner: str
    """Who holds it when we do not; empty: unknown."""
    because: str


class LockState(Event, frozen=True, gc=False, tag=True):
    """Answer to QueryLock. A lost datastore answers with status `lost`, a hanging one not at all."""

    datastore: str
    path: str
    status: Literal["ok", "lost"]
    owner: str
    """MOID of the holder whose heartbeat still changes; empty: the lock is free, or its owner is dead."""


class UserPower(Event, frozen=True, gc=False, tag=True):
    """vCenter only: a user powers a VM on (`host` empty: where it last ran) or off."""

    vm: str
    on: bool
    host: str = ""


class UserMaintenance(Event, frozen=True, gc=False, tag=True):
    """vCenter only: a user puts a host into maintenance mode, or takes it out."""

    host: str
    on: bool


class UserReconfigure(Event, frozen=True, gc=False, tag=True):
    """vCenter only: the cluster's options from now on. Hosts, their heartbeat datastores and generation are vCenter's
    own: those of `config` are ignored."""

    config: ClusterConfig


AnyEvent = (
    Wake
    | Boot
    | Received
    | PingAnswered
    | VmChanged
    | GuestChanged
    | PowerOnDone
    | DatastoreChanged
    | HeartbeatSeen
    | FileRead
    | FileWritten
    | LockChanged
    | LockState
)

VCenterEvent = Wake | Boot | Received | UserPower | UserMaintenance | UserReconfigure
"""Events of vCenter. Its Boot has no VMs and no datastores; its configuration is what its disk holds."""
