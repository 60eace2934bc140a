"""Primitives: the disturbances that a backend must be able to do, to which every fault is reduced.

This module decides the smallest set of disturbances, none of which knows about scenarios, and how those of several
active faults combine. It leaves carrying them out to the backends. Two sorts: *conditions* hold until lifted and are
absolute, so the state wanted is the union over all active faults and applying it twice changes nothing; *commands*
happen once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Access = Literal["apd", "pdl", "read-only", "full", "slow", "stale"]
Direction = Literal["in", "out", "both"]
Blockable = Literal["8182", "icmp"]
Option = str | int | float | bool


class Condition(msgspec.Struct, frozen=True, tag=True):
    """Base of the primitives that hold until lifted."""


class LinkCut(Condition, frozen=True, tag=True):
    """Packets of `src` to `dst` on `network` vanish. `switch`: dropped by a flow, carrier stays; `nftables`: dropped
    by the sender's own packet filter on its way out."""

    network: str
    src: str
    dst: str
    at: Literal["switch", "nftables"] = "switch"


class PortDown(Condition, frozen=True, tag=True):
    """The switch's port to `node` is down: nothing passes in either direction, the node loses carrier."""

    network: str
    node: str


class CarrierDown(Condition, frozen=True, tag=True):
    """The node's own interface is down."""

    network: str
    node: str


class AddressGone(Condition, frozen=True, tag=True):
    """The node's interface has lost its address."""

    network: str
    node: str


class AddressWrong(Condition, frozen=True, tag=True):
    """The node's interface has `address` in place of its own; the neighbours still look for the old one."""

    network: str
    node: str
    address: str


class RouteMissing(Condition, frozen=True, tag=True):
    """The node has no route into the network's own prefix."""

    network: str
    node: str


class PowerOff(Condition, frozen=True, tag=True):
    """Everything on the node dies at once; lifted: it boots. Hosts, `gateway`, `vcenter`."""

    node: str


class Frozen(Condition, frozen=True, tag=True):
    """No process on the host runs; lifted: it goes on as if no time had passed. The fault `freeze` adds that no ping
    is answered, as the kernel of a namespace would go on doing that."""

    host: str


class AgentDown(Condition, frozen=True, tag=True):
    """The HA agent is killed and, without watchdog, stays dead until this is lifted."""

    host: str
    watchdog: bool


class VcenterDown(Condition, frozen=True, tag=True):
    """The vCenter process is dead; its node still answers pings."""


class StorageLost(Condition, frozen=True, tag=True):
    """The host's view of the datastore: `apd`: I/O hangs until lifted; `pdl`: I/O fails; `read-only`: writes fail;
    `full`: what would take more space fails, for every host that sees it; `slow`: each operation is carried out and
    answered `delay_ms` after it was asked for (milliseconds of protocol time), what waits when lifted at once; `stale`:
    reads give what was there when this began, writes and test-and-sets go through."""

    host: str
    datastore: str
    access: Access
    delay_ms: float = 0.0


REORDER_HOLD_MS = 10.0
"""Without a delay of the link's own, a packet chosen for reordering is held back this long, in protocol time."""


class Impaired(Condition, frozen=True, tag=True):
    """Packets of `src` to `dst` on `network` are lost, delayed, doubled, reordered or damaged at random. Shares lie
    between 0 and 1, times are milliseconds of protocol time; a delay is even within `jitter_ms` around `delay_ms`.
    Reordered packets are not delayed, and so overtake; one bit of a damaged packet is flipped, so its receiver drops
    it. `burst_packets` above 0: losses come in bursts; the line is bad for that many packets on average, and loses the
    share `burst_loss` of them. `rate_kbit_s` above 0: the line carries no more than this.

    `to`: each of these becomes the value named there within `over_s` seconds of protocol time. `flap_period_s` above 0:
    the line carries nothing for the share `flap_down` of each period, first down, then up; `flap_random`: each time
    for about that long; lines of one `flap_name` flap together."""

    network: str
    src: str
    dst: str
    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    burst_packets: float = 0.0
    burst_loss: float = 1.0
    rate_kbit_s: float = 0.0
    to: tuple[tuple[str, float], ...] = ()
    over_s: float = 0.0
    flap_period_s: float = 0.0
    flap_down: float = 0.5
    flap_random: bool = False
    flap_name: str = ""


class GatewaySilent(Condition, frozen=True, tag=True):
    """The gateway runs and answers no ping."""


class Blocked(Condition, frozen=True, tag=True):
    """The host's packet filter drops UDP and TCP port 8182, or ICMP echo, in this direction."""

    host: str
    what: Blockable
    direction: Direction


class MtuLimit(Condition, frozen=True, tag=True):
    """The path between the node and the switch drops packets above `mtu` bytes, silently, both ways."""

    network: str
    node: str
    mtu: int


class Maintenance(Condition, frozen=True, tag=True):
    """vCenter keeps the host in maintenance mode."""

    host: str


class Reconfigured(Condition, frozen=True, tag=True):
    """vCenter gives the cluster this option; lifted: the scenario's own value. Names: `scenarios/options.py`."""

    option: str
    value: Option


class ClockOff(Condition, frozen=True, tag=True):
    """The host's clocks are ahead of everyone else's (behind: below 0), protocol seconds."""

    host: str
    offset_s: float


class Command(msgspec.Struct, frozen=True, tag=True):
    """Base of the primitives that happen once."""


class VmCrash(Command, frozen=True, tag=True):
    """The VM's process ends without having been asked to."""

    vm: str


class VmHang(Command, frozen=True, tag=True):
    """The guest stops: no more heartbeats of VMware Tools, no more disk writes; the process stays."""

    vm: str


class VmPower(Command, frozen=True, tag=True):
    """A user powers the VM on (on `host`; empty: where it was last) or off, through vCenter."""

    vm: str
    on: bool
    host: str = ""


AnyCondition = (
    LinkCut
    | PortDown
    | CarrierDown
    | AddressGone
    | AddressWrong
    | RouteMissing
    | PowerOff
    | Frozen
    | AgentDown
    | VcenterDown
    | StorageLost
    | Impaired
    | GatewaySilent
    | Blocked
    | MtuLimit
    | Maintenance
    | Reconfigured
    | ClockOff
)
AnyCommand = VmCrash | VmHang | VmPower
Primitive = AnyCondition | AnyCommand


def conditions(primitives: Iterable[Primitive]) -> frozenset[AnyCondition]:
    return frozenset(p for p in primitives if isinstance(p, Condition))


def commands(primitives: Iterable[Primitive]) -> tuple[AnyCommand, ...]:
    return tuple(p for p in primitives if isinstance(p, Command))


def combined(active: Iterable[Iterable[Primitive]]) -> frozenset[AnyCondition]:
    """The absolute state wanted while these faults are active."""
    return frozenset[AnyCondition]().union(*(conditions(primitives) for primitives in active))
