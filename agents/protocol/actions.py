"""Actions of an agent: frozen values that the driver or the simulator carries out, in order.

Three kinds: network (Send, Ping), host calls to the agent's own hypervisor (files, locks, VMs), and Trace, the
record of every change of opinion. Reads and writes are idempotent, so none carries a request number.
"""

from __future__ import annotations

import msgspec

from herzschlag.agents.protocol.messages import AnyMessage, LockEvidence, OrderId
from herzschlag.agents.records import AnyEntry
from herzschlag.agents.settings import ClusterConfig, VmConfig


class Action(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base of all actions."""


class Send(Action, frozen=True, gc=False, tag=True):
    """One datagram to each of `to` (MOIDs or `vcenter`) on each of `networks`."""

    message: AnyMessage
    to: tuple[str, ...]
    networks: tuple[str, ...]
    lives: dict[str, int]
    """Node to its life (`boot`) that the sender knows of; a node that it has not heard is missing. Never changed."""


class Ping(Action, frozen=True, gc=False, tag=True):
    """One ICMP echo request."""

    address: str


class Trace(Action, frozen=True, gc=False, tag=True):
    """A history record. Time and node are added outside."""

    entry: AnyEntry


class HostCall(Action, frozen=True, gc=False, tag=True):
    """Base of what an agent asks of its own hypervisor."""


class UseHeartbeatDatastores(HostCall, frozen=True, gc=False, tag=True):
    """The datastores on which the host writes its heartbeat: these and no others."""

    datastores: tuple[str, ...]


class WatchHeartbeats(HostCall, frozen=True, gc=False, tag=True):
    """Look at the datastore heartbeats of `host` on these datastores until told otherwise. Answers HeartbeatSeen."""

    host: str
    datastores: tuple[str, ...]


class UnwatchHeartbeats(HostCall, frozen=True, gc=False, tag=True):
    host: str


class ReadFile(HostCall, frozen=True, gc=False, tag=True):
    datastore: str
    path: str


class WriteFile(HostCall, frozen=True, gc=False, tag=True):
    """Replace the file as a whole: readers see the old or the new one, at whatever byte the writer dies."""

    datastore: str
    path: str
    data: bytes
    locked: bool = False
    """Only while this host holds the file's lock."""


class RemoveFile(HostCall, frozen=True, gc=False, tag=True):
    datastore: str
    path: str


class Lock(HostCall, frozen=True, gc=False, tag=True):
    """Try once to take the lock of a file, breaking a dead owner's. Answers LockChanged, after at most the time a
    foreign heartbeat must be watched."""

    datastore: str
    path: str


class Unlock(HostCall, frozen=True, gc=False, tag=True):
    datastore: str
    path: str


class QueryLock(HostCall, frozen=True, gc=False, tag=True):
    """Who holds the lock of a file, without trying for it. Answers LockState."""

    datastore: str
    path: str


class PowerOn(HostCall, frozen=True, gc=False, tag=True):
    """Lock the VM's files, then start it. Answers PowerOnDone and VmChanged. A repeat of `order` starts nothing new."""

    order: OrderId
    vm: VmConfig
    evidence: tuple[LockEvidence, ...]


class PowerOff(HostCall, frozen=True, gc=False, tag=True):
    vm: str
    because: str
    by: str = ""
    """As in records.VmChange."""


class ShutDownGuest(HostCall, frozen=True, gc=False, tag=True):
    """Ask the guest; the agent itself powers off when the grace is over."""

    vm: str
    because: str


class ResetVm(HostCall, frozen=True, gc=False, tag=True):
    vm: str
    because: str


class KeepConfig(HostCall, frozen=True, gc=False, tag=True):
    """Store the configuration on the local disk; the next Boot brings it back."""

    config: ClusterConfig


AnyHostCall = (
    UseHeartbeatDatastores
    | WatchHeartbeats
    | UnwatchHeartbeats
    | ReadFile
    | WriteFile
    | RemoveFile
    | Lock
    | Unlock
    | QueryLock
    | PowerOn
    | PowerOff
    | ShutDownGuest
    | ResetVm
    | KeepConfig
)

AnyAction = Send | Ping | Trace | AnyHostCall
