"""Cluster options, under their vSphere names, and their effect on configuration and timers.

This module decides the names (`das.*`, `fdm.nodeGoodness`), their defaults and their limits (fact sheet, section 8). It
leaves the meaning of what they set to `agents/settings.py`. An option that this model cannot honour is refused, never
ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address

import msgspec

from herzschlag.agents.settings import SECOND, ClusterConfig, DatastoreConfig, HostConfig, Timers, VmConfig
from herzschlag.agents.vcenter.heartbeat_datastores import select_heartbeat_datastores
from herzschlag.errors import WrongInput
from herzschlag.faults import primitives as p
from herzschlag.topo.spec import GATEWAY, TopologySpec
from herzschlag.wrong_input import nearest

Option = p.Option


class OptionError(WrongInput):
    """An option that is unknown, or cannot have that value."""

    def __init__(self, option: str, text: str) -> None:
        super().__init__(f"{option} {text}")
        self.option = option
        self.text = text


SECONDS: dict[str, tuple[str, float]] = {
    "das.isolationshutdowntimeout": ("guest_shutdown_ns", 0),
    "das.config.fdm.isolationPolicyDelaySec": ("isolation_response_delay_ns", 30),  # below 30 acts as 30 [DD-R]
    "das.config.fdm.hostTimeout": ("host_timeout_ns", 0),
    "das.config.fdm.icmpPingTimeout": ("icmp_ping_timeout_ns", 0),
    "das.config.fdm.deadIcmpPingInterval": ("dead_ping_interval_ns", 0),
    "das.iostatsinterval": ("vmm_iostats_ns", 0),
}
"""Options that set a timer: name to (field of Timers, least seconds)."""

SWITCHES = (
    "host_monitoring",
    "admission_control",
    "vmcp_pdl",
    "vmcp_reset_on_apd_cleared",
    "vm_monitoring",
)
"""Plain switches of the cluster, keys of `[cluster]` and of `reconfigure`."""

CHOICES: dict[str, tuple[str, ...]] = {
    "isolation_response": ("none", "powerOff", "shutdown"),
    "vmcp_apd": ("disabled", "conservative", "aggressive"),
}

WITHOUT_EFFECT = ("das.ignoreInsufficientHbDatastore", "das.ignoreRedundantNetWarning")
"""They hide warnings of a user interface, which this project does not have."""

ELSEWHERE = ("das.heartbeatDsPerHost", "das.usedefaultisolationaddress", "das.maxvmrestartcount")
"""Read by functions of their own."""

NOT_MODELLED = {
    "das.maskCleanShutdownEnabled": "a VM killed by permanent device loss is always restarted here (vmcp_pdl)",
    "das.respectVmVmAntiAffinityRules": "there are no affinity rules; use compatible_hosts of a VM",
    "das.respectVmHostSoftAffinityRules": "there are no affinity rules; use compatible_hosts of a VM",
    "das.failuredetectiontime": "4.x only, gone since 5.0; use das.config.fdm.hostTimeout",
}

VM_CHOICES: dict[str, tuple[str, ...]] = {
    "priority": ("disabled", "lowest", "low", "medium", "high", "highest"),
    "isolation_response": ("none", "powerOff", "shutdown"),
}

_VM_OPTION = re.compile(r"vm\.(?P<vm>.+)\.(?P<what>[^.]+)")
_ISOLATION_ADDRESS = re.compile(r"das\.isolationaddress[0-9]")
_ALLOW_NETWORK = re.compile(r"das\.allowNetwork[0-9]")
_GOODNESS = re.compile(r"fdm\.nodeGoodness\.(.+)")


def names() -> list[str]:
    """Every option name, for "did you mean"."""
    return [
        *SECONDS,
        *(f"das.isolationaddress{n}" for n in range(10)),
        "das.usedefaultisolationaddress",
        "das.heartbeatDsPerHost",
        "das.allowNetwork0",
        "das.perHostConcurrentFailoversLimit",
        "das.maxvmrestartcount",
        *WITHOUT_EFFECT,
        "fdm.nodeGoodness.<MOID>",
        *SWITCHES,
        *CHOICES,
    ]


def heartbeat_datastores(lab: TopologySpec, allowed: Sequence[str] | None, per_host: int) -> dict[str, tuple[str, ...]]:
    """Which datastores each host's heartbeat uses: vCenter's own choice, so that it has nothing to change once the
    hosts report what they reach. `allowed`: the user's choice; an empty one switches datastore heartbeats off."""
    datastores = [DatastoreConfig(name=d.name, kind=d.kind) for d in lab.datastores]
    reach = {moid: tuple(d.name for d in lab.datastores_of(moid)) for moid in lab.moids}
    return select_heartbeat_datastores(datastores, reach, per_host, allowed)


def apply_options(
    config: ClusterConfig, timers: Timers, lab: TopologySpec, options: Mapping[str, Option]
) -> tuple[ClusterConfig, Timers]:
    """Return configuration and timers as these options make them; what is chosen with the whole lab in view
    (heartbeat datastores, isolation addresses) is the caller's."""
    addresses = [name for name in options if _ISOLATION_ADDRESS.fullmatch(name)]
    networks = {name: _network(name, value, lab) for name, value in options.items() if _ALLOW_NETWORK.fullmatch(name)}
    handled = {*addresses, *networks, *WITHOUT_EFFECT, *ELSEWHERE}
    goodness = dict(config.node_goodness)
    change: dict[str, object] = {}
    for name, value in options.items():
        if name in handled or name in SECONDS:
            continue
        if (match := _GOODNESS.fullmatch(name)) is not None:
            if match[1] not in lab.moids:
                raise OptionError(name, f"host {match[1]!r} is not in this lab: it has {', '.join(lab.moids)}")
            goodness[match[1]] = int(_number(name, value, -1_000_000, 1_000_000))
        else:
            change |= _plain(name, value)
    if networks:
        change["allowed_networks"] = tuple(networks[name] for name in sorted(networks))
    return msgspec.structs.replace(config, node_goodness=goodness, **change), timers_of(timers, options)


def isolation_addresses(lab: TopologySpec, options: Mapping[str, Option]) -> tuple[str, ...]:
    """The default gateway on the first network unless switched off, then the extra ones by number."""
    default = _switch("das.usedefaultisolationaddress", options.get("das.usedefaultisolationaddress", True))
    gateway = (lab.address(GATEWAY, lab.networks[0]),) if default else ()
    extra = sorted(name for name in options if _ISOLATION_ADDRESS.fullmatch(name))
    return (*gateway, *(_address(name, options[name], lab) for name in extra))


def timers_of(timers: Timers, options: Mapping[str, Option]) -> Timers:
    """The profile's timers as these options change them; options that are not timers are passed over."""
    for name, value in options.items():
        if name in SECONDS or name == "das.maxvmrestartcount":
            timers = _timer(timers, name, value)
    return timers


def _timer(timers: Timers, name: str, value: Option) -> Timers:
    if name == "das.maxvmrestartcount":
        attempts = int(_number(name, value, 1, len(Timers().retry_after_ns)))
        return msgspec.structs.replace(timers, retry_after_ns=Timers().retry_after_ns[:attempts])
    field, least = SECONDS[name]
    seconds = max(_number(name, value, 0, 86_400), least)
    return msgspec.structs.replace(timers, **{field: round(seconds * SECOND)})


def _plain(name: str, value: Option) -> dict[str, object]:
    """Options that are a field of ClusterConfig under another name, or the same."""
    if name == "das.perHostConcurrentFailoversLimit":
        return {"restarts_per_host": int(_number(name, value, 1, 4000))}
    if name in SWITCHES:
        return {name: _switch(name, value)}
    if name in CHOICES:
        return {name: _choice(name, value)}
    if name in NOT_MODELLED:
        raise OptionError(name, f"is not modelled: {NOT_MODELLED[name]}")
    raise OptionError(name, f"is not a known option: {nearest(name, names())}")


RECONFIGURABLE = (*SWITCHES, *CHOICES, "das.perHostConcurrentFailoversLimit")
"""Options that vCenter can change in a running cluster; an agent's timers are fixed when it starts."""


def config_under(
    plan_config: ClusterConfig, lab: TopologySpec, conditions: Iterable[p.AnyCondition], generation: int
) -> ClusterConfig:
    """The configuration that vCenter wants while these conditions hold: the plan's own, with maintenance mode and
    changed options. For backends, whose vCenter pushes it under a new generation."""
    conditions = tuple(conditions)
    resting = {c.host for c in conditions if isinstance(c, p.Maintenance)}
    options = {c.option: c.value for c in conditions if isinstance(c, p.Reconfigured)}
    hosts = tuple(
        msgspec.structs.replace(host, maintenance=True) if host.moid in resting else host for host in plan_config.hosts
    )
    for_vms = {name: value for name, value in options.items() if _VM_OPTION.fullmatch(name)}
    config, _ = apply_options(plan_config, Timers(), lab, {n: v for n, v in options.items() if n not in for_vms})
    vms = tuple(_vm_under(vm, for_vms) for vm in config.vms)
    return msgspec.structs.replace(config, hosts=hosts, vms=vms, generation=generation)


def check_vm_option(name: str, value: Option, vms: Sequence[str]) -> bool:
    """Whether this is an option of a VM, `vm.<name>.<what>`; raises OptionError for an impossible one."""
    match = _VM_OPTION.fullmatch(name)
    if match is None:
        return False
    if match["vm"] not in vms:
        raise OptionError(name, f"{match['vm']!r} is not a VM of this cluster: {nearest(match['vm'], vms)}")
    _vm_value(name, match["what"], value)
    return True


def _vm_under(vm: VmConfig, options: Mapping[str, Option]) -> VmConfig:
    change = {}
    for name, value in options.items():
        match = _VM_OPTION.fullmatch(name)
        if match is not None and match["vm"] == vm.name:
            change[match["what"]] = _vm_value(name, match["what"], value)
    return msgspec.structs.replace(vm, **change) if change else vm


def _vm_value(name: str, what: str, value: Option) -> object:
    if what == "power_on_fails":
        return _switch(name, value)
    if what not in VM_CHOICES:
        raise OptionError(name, f"is not an option of a VM: {nearest(what, ['power_on_fails', *VM_CHOICES])}")
    if value not in VM_CHOICES[what]:
        raise OptionError(name, f"is {value!r}: one of {', '.join(VM_CHOICES[what])}")
    return value


def host_configs(lab: TopologySpec, heartbeats: Mapping[str, tuple[str, ...]]) -> tuple[HostConfig, ...]:
    return tuple(
        HostConfig(
            moid=host.moid,
            addresses={network: lab.address(host.moid, network) for network in lab.networks},
            datastores=tuple(d.name for d in lab.datastores_of(host.moid)),
            heartbeat_datastores=heartbeats[host.moid],
            memory_mb=host.memory_mb,
            cpu_mhz=host.cpu_mhz,
        )
        for host in lab.hosts
    )


def _number(name: str, value: Option, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise OptionError(name, f"is {value!r}: a number from {least:g} to {most:g}")
    return value


def _switch(name: str, value: Option) -> bool:
    if not isinstance(value, bool):
        raise OptionError(name, f"is {value!r}: true or false, without quotes")
    return value


def _choice(name: str, value: Option) -> str:
    if value not in CHOICES[name]:
        raise OptionError(name, f"is {value!r}: one of {', '.join(CHOICES[name])}")
    return str(value)


def _address(name: str, value: Option, lab: TopologySpec) -> str:
    """An IPv4 address, or `node@network`, e.g. `gateway@B`."""
    node, _, network = str(value).partition("@")
    if node in lab.nodes and network in lab.networks:
        return lab.address(node, network)
    try:
        return str(IPv4Address(str(value)))
    except AddressValueError:
        raise OptionError(name, f"is {value!r}: an IPv4 address, or node@network such as gateway@B") from None


def _network(name: str, value: Option, lab: TopologySpec) -> str:
    if value not in lab.networks:
        raise OptionError(name, f"is {value!r}: one of the lab's networks {', '.join(lab.networks)}")
    return str(value)
