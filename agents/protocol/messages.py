"""Messages between agents and vCenter, as values.

This module decides the messages and their fields; `codec.py` turns them into bytes with the tables kept here, and
docs/protocol.md and the Wireshark dissector are generated from the same tables. Every message carries its sender, the
sender's life (`boot`), its sequence number within that life, and the sender's monotonic clock. Every datagram also
names whom it is for (`Address`). What an attacker can do with a datagram that was not meant for the receiver, or not
for now, is in docs/security.md.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from herzschlag.agents.settings import ClusterConfig, VmConfig
from herzschlag.agents.states import DatastoreAccess, HostState, Role

VCENTER = "vcenter"
"""Sender of vCenter's messages; hosts send under their MOID."""


class Address(NamedTuple):
    """Whom one datagram is for: part of its header, under the tag."""

    to: str
    """MOID, or `vcenter`."""
    network: str
    """The network over which it is sent."""
    to_boot: int
    """The recipient's life (`boot`) that the sender knows of; 0 when it has not heard the recipient yet."""


class Datagram(NamedTuple):
    """A datagram as it was read."""

    address: Address
    message: AnyMessage


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """Header fields common to all messages."""

    sender: str
    """MOID, or `vcenter`."""
    boot: int
    """Life of the sending agent: grows with every start, u64."""
    sequence: int
    """Grows with every message of that life, u32; the same message on two networks has the same number."""
    sent_ns: int
    """Sender's monotonic clock, u64. Namespaces of one machine share it: a true one-way delay."""


class Order(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """A message that makes its recipient do something. It is taken only by the life that it names, and only while what
    it answers is recent (`agents/ha/orders.py`): one recorded or held back by others is worth nothing later."""

    answers: int
    """Sequence number of the newest message of the recipient that the sender had heard; u32."""


class Heartbeat(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """Master to every host, slave to its master, each second on every network (fact sheet 2)."""

    role: Role
    master: str
    """Whom the sender follows; its own MOID for a master; empty for none."""
    goodness: int
    """As in Election: masters that meet compare it; i32."""
    heard: int
    """Bit i: the sender heard host i of the host list within three and a half intervals. Two-way proof
    (docs/decisions/0004)."""
    config: int
    """Generation of the configuration the sender holds."""
    inventory: int
    """Generation of the sender's list of running VMs."""
    reign: int = 0
    """A master's: which of its reigns in this life, from 1; 0 in every other role."""


class Election(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """A candidate's offer, to every host, each second while it is in an election (fact sheet 4)."""

    goodness: int
    """Datastores it reaches, plus fdm.nodeGoodness; i32."""
    heard: int
    config: int


class Join(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """A host asks a master to take it in. Padded to the MTU: small packets alone prove no usable path (case 37)."""

    inventory: int
    padding: int
    """Number of padding bytes that follow."""


class Welcome(Order, frozen=True, kw_only=True, gc=False, tag=True):
    """A master took the host in. Padded like Join."""

    padding: int


class Inventory(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """A slave's running VMs and datastore access, to its master, repeated until acknowledged."""

    generation: int
    vms: tuple[str, ...]
    datastores: dict[str, DatastoreAccess]
    failed: tuple[str, ...] = ()
    """VMs that ended here without being asked to: the master restarts them (sheet 3.2, 7)."""


class InventoryAck(Order, frozen=True, kw_only=True, gc=False, tag=True):
    """Master to slave: inventory `generation` arrived."""

    generation: int
    placeable: tuple[str, ...] = ()
    """Those of its VMs that another host could run now. VM component protection asks for them."""
    taken_over: tuple[str, ...] = ()
    """Of the VMs that ended by themselves, those that this master answers for. The others the slave tells again, to the
    next master: in a partition this one may own no list."""


class LockEvidence(msgspec.Struct, frozen=True, gc=False):
    """How long the order's sender saw a lock owner's heartbeat unchanged (docs/decisions/0006)."""

    datastore: str
    owner: str
    stamp: int
    """The heartbeat's unchanged content."""
    still_ns: int


class OrderId(NamedTuple):
    """Identity of a power-on order. Its number is not enough: two masters elected at one instant count alike."""

    by: str
    """Who ordered it: a master's MOID, or `vcenter`."""
    boot: int
    """The sender's life (`boot`)."""
    number: int


class RestartOrder(Order, frozen=True, kw_only=True, gc=False, tag=True):
    """Master to host: power this VM on. Repeated until answered; its identity makes it idempotent."""

    order: int
    vm: VmConfig
    attempt: int
    """1 is the first."""
    reign: int
    """As in Heartbeat: an order of an earlier reign is refused."""
    evidence: tuple[LockEvidence, ...] = ()

    @property
    def identity(self) -> OrderId:
        return OrderId(self.sender, self.boot, self.order)


class RestartResult(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """Host to master: the power-on task of `order` is over."""

    order: int
    vm: str
    ok: bool
    because: str


class Configure(Order, frozen=True, kw_only=True, gc=False, tag=True):
    """vCenter to host: the whole configuration, repeated until Report shows its generation."""

    config: ClusterConfig


class Report(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """Host to vCenter: how the host sees itself, at every change and every few seconds."""

    role: Role
    master: str
    config: int
    vms: tuple[str, ...]
    datastores: dict[str, DatastoreAccess]


class ClusterView(Message, frozen=True, kw_only=True, gc=False, tag=True):
    """Master to vCenter: how the master sees everyone, at every change and every few seconds."""

    hosts: dict[str, HostState]
    owned: tuple[str, ...]
    """Datastores whose protectedlist it holds."""
    protected: tuple[str, ...]
    """VMs it has written there."""
    pending: tuple[str, ...] = ()
    """VMs that wait for a place."""


class Protect(Order, frozen=True, kw_only=True, gc=False, tag=True):
    """vCenter to master: exactly these VMs are to be protected (name to last host). Absolute, hence repeatable."""

    vms: dict[str, str]


class PowerRequest(Order, frozen=True, kw_only=True, gc=False, tag=True):
    """vCenter to host: a user powers a VM on or off. Repeated until Report shows it."""

    order: int
    vm: VmConfig
    on: bool
    config: int
    """Generation of vCenter's configuration: an older one than the host's is refused."""

    @property
    def identity(self) -> OrderId:
        return OrderId(self.sender, self.boot, self.order)


AnyMessage = (
    Heartbeat
    | Election
    | Join
    | Welcome
    | Inventory
    | InventoryAck
    | RestartOrder
    | RestartResult
    | Configure
    | Report
    | ClusterView
    | Protect
    | PowerRequest
)

MESSAGE_TYPES: dict[int, type[Message]] = {
    1: Heartbeat,
    2: Election,
    3: Join,
    4: Welcome,
    5: Inventory,
    6: InventoryAck,
    7: RestartOrder,
    8: RestartResult,
    10: Configure,
    11: Report,
    12: ClusterView,
    13: Protect,
    14: PowerRequest,
}
"""Type number on the wire to message. Numbers are never reused: 9 was an order to stop a VM."""
