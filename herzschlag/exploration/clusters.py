"""Draws the cluster of a schedule: mostly the plain one, and now and then some of its settings.

This module decides which settings of a scenario file's `[cluster]` are drawn together, how often, and which kinds of
faults show what they do: a limit on restarts means nothing until a host with several VMs dies. Everything else about a
schedule is drawn by `drawing.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from herzschlag.scenarios.model import Cluster, Profile, VmEntry
from herzschlag.topo.catalog import DEFAULT_DATASTORES
from herzschlag.topo.spec import DatastoreSpec, HostSpec

T = TypeVar("T")


class Chooser(Protocol):
    """Makes every choice."""

    def one_of(self, options: Sequence[T]) -> T:
        """One of these; the first is the simplest."""


Priority = Literal["highest", "high", "medium", "low", "lowest"]
PRIORITIES: tuple[Priority, ...] = ("highest", "high", "medium", "low", "lowest")
RESPONSES: tuple[Literal["none", "powerOff", "shutdown"], ...] = ("none", "powerOff", "shutdown")
HOW_MANY = (0, 0, 0, 1, 1, 1, 2, 3)
"""Of the settings below: three of eight clusters are plain."""
VM_MEMORY_MB = 1024
VM_CPU_MHZ = 500


class Drawn(NamedTuple):
    """A cluster, and kinds of faults that show what is special about it; none for a plain one."""

    cluster: Cluster
    kinds: tuple[str, ...]


class Setting(NamedTuple):
    """Something special about a cluster."""

    make: Callable[[Chooser, Cluster], Cluster]
    kinds: tuple[str, ...]
    """Kinds of faults that show it."""


def _with_options(cluster: Cluster, **options: str | float | bool) -> Cluster:
    named = {f"das.{name.replace('__', '.')}": value for name, value in options.items()}
    return replace(cluster, options={**cluster.options, **named})


def _hosts(cluster: Cluster) -> tuple[HostSpec, ...]:
    return cluster.topology().hosts


def _more_vms(cluster: Cluster, *entries: VmEntry) -> Cluster:
    return replace(cluster, vms=(*cluster.vms, *entries))


def _special(host: str, what: str) -> str:
    return f"{what}-{host.removeprefix('host-')}"


def _heartbeats(c: Chooser, cluster: Cluster) -> Cluster:
    """The user's choice of datastores for heartbeats: none, or NFS alone."""
    return replace(cluster, heartbeat_datastores=c.one_of(((), ("nfs-1",))))


def _unequal_storage(c: Chooser, cluster: Cluster) -> Cluster:
    """A datastore more that one host alone sees, or one that a host does not see."""
    moids = cluster.topology().moids
    host = c.one_of(moids)
    if c.one_of(("more", "less")) == "more":
        return replace(cluster, datastores=(*cluster.datastores, DatastoreSpec("vmfs-3", "vmfs", (host,))))
    others = tuple(moid for moid in moids if moid != host)
    seen = tuple(replace(d, hosts=others) if d.name == "vmfs-2" else d for d in cluster.datastores)
    return replace(cluster, datastores=seen)


def _vms_on_nfs(c: Chooser, cluster: Cluster) -> Cluster:
    """A VM more on each host, whose lock is a file that grows stale."""
    del c
    moids = cluster.topology().moids
    return _more_vms(cluster, *(VmEntry(name=_special(m, "nfs"), host=m, datastore="nfs-1") for m in moids))


def _small_hosts(c: Chooser, cluster: Cluster) -> Cluster:
    """Room for one VM more than the fullest host has, by memory or by CPU."""
    cluster = replace(cluster, vms_per_host=c.one_of((1, 2, 3)))
    most = max(Counter(host for _, host, _ in cluster.vm_configs().values()).values())
    if c.one_of(("memory", "cpu")) == "memory":
        room = [replace(host, memory_mb=(most + 1) * VM_MEMORY_MB) for host in _hosts(cluster)]
    else:
        room = [replace(host, cpu_mhz=(most + 1) * VM_CPU_MHZ) for host in _hosts(cluster)]
    return replace(cluster, hosts=tuple(room))


def _isolation_addresses(c: Chooser, cluster: Cluster) -> Cluster:
    """Two addresses, or one that is not the gateway."""
    default = c.one_of((True, True, False))
    return _with_options(cluster, isolationaddress0="gateway@B", usedefaultisolationaddress=default)


def _priorities(c: Chooser, cluster: Cluster) -> Cluster:
    """One host with VMs of different priorities, which take a moment to start."""
    host = c.one_of(cluster.topology().moids)
    first = c.one_of(range(len(PRIORITIES)))
    order: list[Priority] = [PRIORITIES[(first - n) % len(PRIORITIES)] for n in range(3)]
    names = ("one", "two", "three")
    return _more_vms(
        cluster,
        *(
            VmEntry(name=_special(host, name), host=host, priority=priority, power_on_s=2.0, datastore="vmfs-1")
            for name, priority in zip(names, order, strict=True)
        ),
        VmEntry(name=_special(host, "zero"), host=host, priority="disabled"),
        VmEntry(name=_special(host, "agent"), host=host, agent_vm=True, priority="low", datastore="vmfs-1"),
    )


def _few_restarts(c: Chooser, cluster: Cluster) -> Cluster:
    """One or two restarts of a host at a time, each of which takes a while."""
    host = c.one_of(cluster.topology().moids)
    more = VmEntry(name=_special(host, "slow"), host=host, count=5, power_on_s=c.one_of((10.0, 20.0)))
    limited = _with_options(cluster, perHostConcurrentFailoversLimit=c.one_of((1, 2)))
    return _more_vms(limited, more)


def _few_attempts(c: Chooser, cluster: Cluster) -> Cluster:
    """Not all five attempts at a restart, and power-ons that take long."""
    moids = cluster.topology().moids
    slow = [VmEntry(name=_special(m, "slower"), host=m, power_on_s=c.one_of((30.0, 60.0))) for m in moids]
    return _with_options(_more_vms(cluster, *slow), maxvmrestartcount=c.one_of((2, 1, 5)))


def _monitored_guests(c: Chooser, cluster: Cluster) -> Cluster:
    """VM monitoring, and sometimes less patience with a guest that does no I/O."""
    watched = replace(cluster, vm_monitoring=True)
    return _with_options(watched, iostatsinterval=c.one_of((60, 30))) if c.one_of((False, True)) else watched


def _component_protection(c: Chooser, cluster: Cluster) -> Cluster:
    return replace(
        cluster,
        vmcp_apd=c.one_of(("conservative", "aggressive", "disabled")),
        vmcp_pdl=c.one_of((True, False)),
        vmcp_reset_on_apd_cleared=c.one_of((False, True)),
    )


def _guests(c: Chooser, cluster: Cluster) -> Cluster:
    """Guests that shut down slowly, never, or cannot be asked; each with a response of its own."""
    entries = []
    for moid in cluster.topology().moids:
        kind = c.one_of(("slow", "hangs", "bare"))
        entries.append(
            VmEntry(
                name=_special(moid, "guest"),
                host=moid,
                isolation_response=c.one_of(("shutdown", "powerOff", "none")),
                guest_shutdown_s=c.one_of((3.0, 20.0)),
                guest_hangs=kind == "hangs",
                tools=kind != "bare",
            )
        )
    return _with_options(_more_vms(cluster, *entries), isolationshutdowntimeout=c.one_of((60, 30, 300)))


def _detection(c: Chooser, cluster: Cluster) -> Cluster:
    """Other times until a silent host is dead, and its isolation is answered."""
    match c.one_of(("host", "ping", "dead", "delay")):
        case "host":
            return _with_options(cluster, config__fdm__hostTimeout=c.one_of((15, 20)))
        case "ping":
            return _with_options(cluster, config__fdm__icmpPingTimeout=c.one_of((8, 12)))
        case "dead":
            return _with_options(cluster, config__fdm__deadIcmpPingInterval=c.one_of((5, 20)))
        case _:
            return _with_options(cluster, config__fdm__isolationPolicyDelaySec=c.one_of((45, 60)))


def _goodness(c: Chooser, cluster: Cluster) -> Cluster:
    """Not where a host may not see all datastores: as master it could protect none of the VMs there."""
    host = c.one_of(cluster.topology().moids)
    if any(datastore.hosts is not None for datastore in cluster.datastores):
        return cluster
    options = {**cluster.options, f"fdm.nodeGoodness.{host}": c.one_of((1, -1, 10))}
    return replace(cluster, options=options)


def _bound_vms(c: Chooser, cluster: Cluster) -> Cluster:
    """VMs that may run on two hosts alone, are not protected, or are off."""
    moids = cluster.topology().moids
    pair = tuple(sorted({moids[0], c.one_of(moids[1:])})) if len(moids) > 1 else moids
    host = c.one_of(moids)
    return _more_vms(
        cluster,
        VmEntry(name="bound", host=pair[0], compatible_hosts=pair),
        VmEntry(name="unprotected", host=host, protected=False),
        VmEntry(name="resting", host=host, on=False),
    )


def _one_network(c: Chooser, cluster: Cluster) -> Cluster:
    del c
    return replace(cluster, networks=("A",), options={})


def _spread(c: Chooser, cluster: Cluster) -> Cluster:
    del c
    return replace(cluster, phases="spread")


def _admission(c: Chooser, cluster: Cluster) -> Cluster:
    """Room for all VMs and one more when a host has failed."""
    del c
    vms, others = len(cluster.vm_configs()), len(_hosts(cluster)) - 1
    room_mb = (vms // others + 2) * VM_MEMORY_MB
    sized = tuple(replace(host, memory_mb=room_mb) for host in _hosts(cluster))
    return replace(cluster, hosts=sized, admission_control=True)


SETTINGS: Mapping[str, Setting] = {
    "heartbeat datastores": Setting(_heartbeats, ("power-off", "isolate", "split")),
    "unequal storage": Setting(_unequal_storage, ("power-off", "storage")),
    "VMs on NFS": Setting(_vms_on_nfs, ("split", "storage", "isolate")),
    "isolation addresses": Setting(_isolation_addresses, ("isolate", "gateway-silent", "gateway-down")),
    "priorities": Setting(_priorities, ("power-off",)),
    "few restarts": Setting(_few_restarts, ("power-off",)),
    "few attempts": Setting(_few_attempts, ("power-off", "reconfigure")),
    "monitored guests": Setting(_monitored_guests, ("vm-hang",)),
    "component protection": Setting(_component_protection, ("storage",)),
    "guests": Setting(_guests, ("isolate", "split")),
    "detection": Setting(_detection, ("power-off", "isolate")),
    "goodness": Setting(_goodness, ("power-off",)),
    "bound VMs": Setting(_bound_vms, ("power-off", "vm-power")),
    "spread heartbeats": Setting(_spread, ("power-off", "isolate")),
    "small hosts": Setting(_small_hosts, ("power-off", "vm-power")),
    "admission control": Setting(_admission, ("vm-power", "power-off")),
    "one network": Setting(_one_network, ("isolate", "power-off")),
}
"""By name, and made in this order: room is counted when all VMs are there, and `one network` takes away what needs two
of them."""


def draw_cluster(chooser: Chooser, *, hosts: tuple[int, int], profile: Profile, also: str = "") -> Drawn:
    """A cluster of at least `hosts[0]` and at most `hosts[1]` hosts with one VM each, or more where a setting has
    them; `also`: a setting that it has whatever else is drawn."""
    cluster = Cluster(
        hosts=chooser.one_of(range(hosts[0], hosts[1] + 1)),
        datastores=DEFAULT_DATASTORES,
        vms_per_host=1,
        profile=profile,
        isolation_response=chooser.one_of(RESPONSES),
        vm_monitoring=chooser.one_of((False, True)),
        host_monitoring=chooser.one_of((True, True, True, False)),
    )
    names = {chooser.one_of(tuple(SETTINGS)) for _ in range(chooser.one_of(HOW_MANY))}
    names = (names | {also}) - {"one network"} if also else names
    kinds: list[str] = []
    for name, setting in SETTINGS.items():
        if name in names:
            cluster = setting.make(chooser, cluster)
            kinds += setting.kinds
    return Drawn(cluster, tuple(dict.fromkeys(kinds)))
