"""Faults as values: what is broken, for whom, in which direction.

Decides which faults a scenario can name and to which primitives each comes down on a given lab. Leaves when a fault
begins and ends to the scenario, and breaking things to the backends. A fault with conditions is undone by lifting
them; one with commands alone cannot be undone and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

import msgspec

from herzschlag import primitives as p
from herzschlag.linksets import isolate, one_way, split
from herzschlag.strict import nearest
from topo.spec import GATEWAY, DirectedLink, TopologySpec

Names = str | tuple[str, ...]
"""One name, several, or `all`."""

Manner = Literal["silent", "port-down", "host-carrier", "address", "nftables"]
"""How a host is cut off. silent: the switch drops; port-down: the switch's port is down; host-carrier: the host's
interface is down; address: the interface loses its address; nftables: each host's packet filter drops."""

LinkManner = Literal["silent", "nftables"]


class FaultError(ValueError):
    """A fault that this lab cannot have. `field` is the key in the scenario that is wrong."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """Base of all faults. `primitives` raises FaultError for what the lab does not have."""

    undoable: ClassVar[bool] = True

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        raise NotImplementedError

    def vms(self) -> tuple[str, ...]:
        """VMs it names, for the scenario to check."""
        return ()

    def describe(self) -> str:
        """One line for tables and reports: the kind and every field that differs from its default."""
        shown = []
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                shown.append(f"{field.name}={_show(value)}")
        return " ".join([kind_of(self), *shown])


class Isolate(Fault, frozen=True, tag="isolate"):
    """Cut a host off from everyone but `keep`."""

    host: Names
    networks: Names = "all"
    manner: Manner = "silent"
    keep: tuple[str, ...] = ()
    """Nodes that it still reaches, e.g. the gateway."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        nodes = _nodes(lab, "host", self.host)
        networks = _networks(lab, self.networks)
        keep = _nodes(lab, "keep", self.keep)
        if self.manner in ("silent", "nftables"):
            others = [node for node in lab.nodes if node not in keep]
            return _cuts(isolate(nodes, others, networks), "switch" if self.manner == "silent" else "nftables")
        if keep:
            raise FaultError(
                "keep", f"manner {self.manner!r} cuts off the whole interface, so nobody can be kept: use 'silent'"
            )
        ends = [(net, node) for net in networks for node in nodes]
        if self.manner == "port-down":
            return tuple(p.PortDown(network=net, node=node) for net, node in ends)
        if self.manner == "host-carrier":
            return tuple(p.CarrierDown(network=net, node=node) for net, node in ends)
        return tuple(p.AddressGone(network=net, node=node) for net, node in ends)


class Split(Fault, frozen=True, tag="split"):
    """Cut the hosts into groups that do not reach each other. A node in no group stays with everyone."""

    groups: tuple[tuple[str, ...], ...]
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if len(self.groups) < 2 or not all(self.groups):
            raise FaultError("groups", f"{_show(self.groups)} is no split: name two or more groups, none empty")
        groups = [_nodes(lab, "groups", group) for group in self.groups]
        seen: set[str] = set()
        for group in groups:
            for node in group:
                if node in seen:
                    raise FaultError("groups", f"{node} stands in two groups: to connect two groups use 'bridge'")
                seen.add(node)
        return _cuts(split(groups, _networks(lab, self.networks)), _at(self.manner))


class Bridge(Fault, frozen=True, tag="bridge"):
    """A split in which `over` still reaches both sides: reachability is no longer transitive."""

    over: Names
    groups: tuple[tuple[str, ...], ...]
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        over = _nodes(lab, "over", self.over)
        for node in over:
            if any(node in group for group in self.groups):
                raise FaultError("over", f"{node} also stands in a group: a bridge belongs to no group")
        return Split(groups=self.groups, networks=self.networks, manner=self.manner).primitives(lab)


class CutPair(Fault, frozen=True, tag="cut-pair"):
    """Two nodes, or two sets of nodes, do not reach each other; everyone else reaches both."""

    a: Names
    b: Names
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        sides = (_nodes(lab, "a", self.a), _nodes(lab, "b", self.b))
        if set(sides[0]) & set(sides[1]):
            raise FaultError("b", f"{_show(self.b)} has a node of {_show(self.a)}: the two sides must differ")
        return _cuts(split(sides, _networks(lab, self.networks)), _at(self.manner))


class OneWay(Fault, frozen=True, tag="one-way"):
    """Packets of `src` no longer reach `dst`; the other direction is fine."""

    src: Names
    dst: Names
    networks: Names = "all"
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        links = one_way(_nodes(lab, "src", self.src), _nodes(lab, "dst", self.dst), _networks(lab, self.networks))
        if not links:
            raise FaultError("dst", f"no link leads from {_show(self.src)} to {_show(self.dst)}: name two nodes")
        return _cuts(links, _at(self.manner))


class Cut(Fault, frozen=True, tag="cut"):
    """Exactly these directed links: `["A", "host-98", "host-99"]`."""

    links: tuple[tuple[str, str, str], ...]
    manner: LinkManner = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if not self.links:
            raise FaultError("links", "no link is named: write [['A', 'host-98', 'host-99']]")
        for network, src, dst in self.links:
            _networks(lab, network, field="links")
            if src == dst:
                raise FaultError("links", f"there is no link from {src} to itself: name two nodes")
            _nodes(lab, "links", (src, dst))
        return _cuts(self.links, _at(self.manner))


class NetworkDown(Fault, frozen=True, tag="network-down"):
    """The whole network carries nothing: the switch drops everything, or has all its ports down."""

    networks: Names
    manner: Literal["silent", "port-down"] = "silent"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        networks = _networks(lab, self.networks)
        if self.manner == "port-down":
            return tuple(p.PortDown(network=net, node=node) for net in networks for node in lab.nodes)
        return _cuts(isolate(lab.nodes, (), networks), "switch")


class SwitchReboot(Fault, frozen=True, tag="switch-reboot"):
    """The switch is down, then for `dark_s` its ports show carrier and forward nothing. The scenario plays it as two
    faults, one after the other; `off_s` and `dark_s` take the place of `for_s`."""

    networks: Names
    off_s: float = 2.0
    dark_s: float = 0.0

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return self.phases()[0][1].primitives(lab)

    def phases(self) -> tuple[tuple[float, NetworkDown], ...]:
        """(length in seconds, fault), in order."""
        if self.off_s <= 0 or self.dark_s < 0:
            raise FaultError("off_s", f"off_s={self.off_s}, dark_s={self.dark_s}: off_s above 0, dark_s not below")
        dark = ((self.dark_s, NetworkDown(networks=self.networks)),) if self.dark_s else ()
        return ((self.off_s, NetworkDown(networks=self.networks, manner="port-down")), *dark)


class PowerOff(Fault, frozen=True, tag="power-off"):
    """Everything on the host dies at once; undone: it boots."""

    host: Names

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(p.PowerOff(node=host) for host in _hosts(lab, "host", self.host))


class Freeze(Fault, frozen=True, tag="freeze"):
    """The host stands still, answers nothing, and later goes on as if nothing had been."""

    host: Names

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = _hosts(lab, "host", self.host)
        silent = tuple(p.Blocked(host=host, what="icmp", direction="both") for host in hosts)
        return (*(p.Frozen(host=host) for host in hosts), *silent)


class CrashAgent(Fault, frozen=True, tag="crash-agent"):
    """The HA agent is killed; the watchdog starts it again, or is off and the agent stays dead until undone."""

    host: Names
    watchdog: bool = True

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(p.AgentDown(host=host, watchdog=self.watchdog) for host in _hosts(lab, "host", self.host))


class CrashVcenter(Fault, frozen=True, tag="crash-vcenter"):
    """vCenter's process is killed; undone: it starts again."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.VcenterDown(),)


class GatewayDown(Fault, frozen=True, tag="gateway-down"):
    """The gateway is off."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.PowerOff(node=GATEWAY),)


class GatewaySilent(Fault, frozen=True, tag="gateway-silent"):
    """The gateway runs and answers no ping."""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.GatewaySilent(),)


class Storage(Fault, frozen=True, tag="storage"):
    """Hosts lose datastores: `apd` (all paths down, I/O hangs) or `pdl` (permanent loss, I/O fails)."""

    host: Names
    access: p.Access
    datastore: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = _hosts(lab, "host", self.host)
        wanted = _pick("datastore", self.datastore, [d.name for d in lab.datastores], "datastore")
        seen = [(host, d.name) for host in hosts for d in lab.datastores_of(host) if d.name in wanted]
        if not seen:
            raise FaultError("datastore", f"{_show(self.host)} sees none of {_show(self.datastore)} anyway")
        return tuple(p.StorageLost(host=host, datastore=name, access=self.access) for host, name in seen)


class Impair(Fault, frozen=True, tag="impair"):
    """Packets of `src` to `dst` suffer: shares lie between 0 and 1, delays are milliseconds of protocol time."""

    src: Names = "all"
    dst: Names = "all"
    networks: Names = "all"
    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0

    @property
    def delays(self) -> bool:
        """Whether packets have to be held back, for which real ones need netem."""
        return self.delay_ms > 0 or self.jitter_ms > 0 or self.reorder > 0

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        for name in ("loss", "duplicate", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise FaultError(name, f"{name}={getattr(self, name)}: a share lies between 0 and 1, e.g. 0.2")
        for name in ("delay_ms", "jitter_ms"):
            if getattr(self, name) < 0:
                raise FaultError(name, f"{name}={getattr(self, name)}: a delay is not below 0")
        quality = {n: getattr(self, n) for n in ("loss", "delay_ms", "jitter_ms", "duplicate", "reorder")}
        if not any(quality.values()):
            raise FaultError("loss", "nothing is impaired: give loss, delay_ms, jitter_ms, duplicate or reorder")
        links = one_way(_nodes(lab, "src", self.src), _nodes(lab, "dst", self.dst), _networks(lab, self.networks))
        return tuple(p.Impaired(network=n, src=a, dst=b, **quality) for n, a, b in sorted(links))


class Block(Fault, frozen=True, tag="block"):
    """The host's packet filter drops port 8182 or ICMP."""

    host: Names
    what: p.Blockable
    direction: p.Direction = "both"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = _nodes(lab, "host", self.host)
        return tuple(p.Blocked(host=host, what=self.what, direction=self.direction) for host in hosts)


class Mtu(Fault, frozen=True, tag="mtu"):
    """The path of these nodes to the switch takes packets up to `mtu` bytes alone."""

    host: Names
    mtu: int
    networks: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if not 68 <= self.mtu < lab.mtu:
            raise FaultError("mtu", f"mtu={self.mtu}: at least 68 and below the lab's {lab.mtu}, or nothing is broken")
        return tuple(
            p.MtuLimit(network=net, node=node, mtu=self.mtu)
            for net in _networks(lab, self.networks)
            for node in _nodes(lab, "host", self.host)
        )


class WrongAddress(Fault, frozen=True, tag="wrong-address"):
    """The host has a wrong address: its own with another last part, of which nobody knows."""

    host: Names
    networks: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(
            p.AddressWrong(network=net, node=host, address=_wrong(lab.address(host, net)))
            for net in _networks(lab, self.networks)
            for host in _hosts(lab, "host", self.host)
        )


class MissingRoute(Fault, frozen=True, tag="missing-route"):
    """The host has lost its route into the network."""

    host: Names
    networks: Names = "all"

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(
            p.RouteMissing(network=net, node=host)
            for net in _networks(lab, self.networks)
            for host in _hosts(lab, "host", self.host)
        )


class EnterMaintenance(Fault, frozen=True, tag="maintenance"):
    """vCenter puts the host in maintenance mode; undone: it takes it out."""

    host: Names

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return tuple(p.Maintenance(host=host) for host in _hosts(lab, "host", self.host))


class Reconfigure(Fault, frozen=True, tag="reconfigure"):
    """vCenter changes options of the cluster (`host_monitoring = false`) or of a VM (`vm.web-1.power_on_fails = true`);
    undone: the scenario's own again."""

    options: dict[str, p.Option]

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if not self.options:
            raise FaultError("options", "no option is named: write for example options = {host_monitoring = false}")
        return tuple(p.Reconfigured(option=name, value=value) for name, value in sorted(self.options.items()))


class ClockOffset(Fault, frozen=True, tag="clock-offset"):
    """The host's clocks jump ahead (below 0: back) of everyone else's; undone: they jump to the right time."""

    host: Names
    offset_s: float

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        hosts = _hosts(lab, "host", self.host)
        return tuple(p.ClockOff(host=host, offset_s=self.offset_s) for host in hosts)


class VmCrash(Fault, frozen=True, tag="vm-crash"):
    """The VM ends by itself."""

    undoable: ClassVar[bool] = False
    vm: str

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.VmCrash(vm=self.vm),)

    def vms(self) -> tuple[str, ...]:
        return (self.vm,)


class VmHang(Fault, frozen=True, tag="vm-hang"):
    """The guest in the VM hangs; the VM itself runs."""

    undoable: ClassVar[bool] = False
    vm: str

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        return (p.VmHang(vm=self.vm),)

    def vms(self) -> tuple[str, ...]:
        return (self.vm,)


class VmPower(Fault, frozen=True, tag="vm-power"):
    """A user powers a VM on or off through vCenter. No failure, but part of a schedule."""

    undoable: ClassVar[bool] = False
    vm: str
    on: bool
    host: str = ""

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        if self.host:
            _hosts(lab, "host", self.host)
        return (p.VmPower(vm=self.vm, on=self.on, host=self.host),)

    def vms(self) -> tuple[str, ...]:
        return (self.vm,)


AnyFault = (
    Isolate
    | Split
    | Bridge
    | CutPair
    | OneWay
    | Cut
    | NetworkDown
    | SwitchReboot
    | PowerOff
    | Freeze
    | CrashAgent
    | CrashVcenter
    | GatewayDown
    | GatewaySilent
    | Storage
    | Impair
    | Block
    | Mtu
    | WrongAddress
    | MissingRoute
    | EnterMaintenance
    | Reconfigure
    | ClockOffset
    | VmCrash
    | VmHang
    | VmPower
)

KINDS: dict[str, type[Fault]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        Isolate,
        Split,
        Bridge,
        CutPair,
        OneWay,
        Cut,
        NetworkDown,
        SwitchReboot,
        PowerOff,
        Freeze,
        CrashAgent,
        CrashVcenter,
        GatewayDown,
        GatewaySilent,
        Storage,
        Impair,
        Block,
        Mtu,
        WrongAddress,
        MissingRoute,
        EnterMaintenance,
        Reconfigure,
        ClockOffset,
        VmCrash,
        VmHang,
        VmPower,
    )
}
"""Name in a scenario to fault."""


def kind_of(fault: Fault) -> str:
    return str(fault.__struct_config__.tag)


def _at(manner: LinkManner) -> Literal["switch", "nftables"]:
    return "switch" if manner == "silent" else "nftables"


def _cuts(links: Iterable[DirectedLink], at: Literal["switch", "nftables"]) -> tuple[p.Primitive, ...]:
    return tuple(p.LinkCut(network=net, src=src, dst=dst, at=at) for net, src, dst in sorted(links))


def _pick(field: str, names: Names, known: Sequence[str], noun: str) -> tuple[str, ...]:
    if names == "all":
        return tuple(known)
    wanted = (names,) if isinstance(names, str) else names
    for name in wanted:
        if name not in known:
            raise FaultError(field, f"{name!r} is no {noun} of this lab: {nearest(name, known)}")
    if len(set(wanted)) != len(wanted):
        raise FaultError(field, f"{_show(names)} names a {noun} twice: name it once")
    return tuple(wanted)


def _nodes(lab: TopologySpec, field: str, names: Names) -> tuple[str, ...]:
    return _pick(field, names, lab.nodes, "node")


def _hosts(lab: TopologySpec, field: str, names: Names) -> tuple[str, ...]:
    found = _pick(field, names, lab.moids, "host")
    if not found:
        raise FaultError(field, "no host is named: name one, or write 'all'")
    return found


def _networks(lab: TopologySpec, names: Names, field: str = "networks") -> tuple[str, ...]:
    found = _pick(field, names, lab.networks, "network")
    if not found:
        raise FaultError(field, "no network is named: write 'A', 'B' or 'all'")
    return found


def _wrong(address: str) -> str:
    """An address of the same network that no node has: hosts lie in .1 to .2, nodes of ours nowhere in .77."""
    octets = address.split(".")
    return ".".join([*octets[:2], "77", octets[3]])


def _show(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_show(item) for item in value) + "]"
    return str(value)
