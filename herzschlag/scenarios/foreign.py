"""What a scenario may not ask for when another system runs on the lab; each refusal names its reason."""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.faults import kind_of, primitives_of
from herzschlag.faults import primitives as p
from herzschlag.scenarios.model import Scenario, Step
from herzschlag.systems.filling import filled
from herzschlag.systems.model import System
from herzschlag.topo.spec import TopologySpec
from herzschlag.wrong_input import InputError

_NOT_OURS = {
    p.VcenterDown: "has no vCenter",
    p.Maintenance: "has no vCenter",
    p.Reconfigured: "has no vCenter",
    p.StorageLost: "does not use the lab's datastores",
    p.VmCrash: "has no VMs",
    p.VmHang: "has no VMs",
    p.VmPower: "has no VMs",
    p.ClockOff: "reads the machine's clock, which is not set",
}


def check_cluster(scenario: Scenario, lab: TopologySpec) -> None:
    """Raises InputError."""
    try:
        system = scenario.cluster.foreign()
    except InputError as error:
        raise InputError(f"cluster.{error.key}", error.text) from None
    if system is None:
        return
    if scenario.speed != 1:
        why = f"is {scenario.speed:g}: the timers of {system.name} are its own, so it runs at speed 1 alone"
        raise InputError("speed", f"{why}: set speed = 1")
    if system.networks and not set(system.networks) & set(lab.networks):
        names, has = ", ".join(system.networks), ", ".join(lab.networks)
        why = f"{system.name} uses network {names}, and this lab has {has}: give the lab a network that the system uses"
        raise InputError("cluster.networks", why)
    if scenario.cluster.vm_entries():
        raise InputError("cluster.system", f"{system.name} has no VMs: take vms and vms_per_host away")
    for text in _texts(system):
        for host in lab.moids:
            try:
                filled(text, system, lab, host)
            except InputError as error:
                raise InputError("cluster.system", error.text) from None


def _texts(system: System) -> Iterable[str]:
    for file in system.files:
        yield from (file.path, file.text)
    for program in system.programs:
        yield from (*program.argv, *program.env.values(), program.after)
    if system.writes is not None:
        yield from (*system.writes.argv, *system.writes.read)


def check_step(step: Step, scenario: Scenario, lab: TopologySpec, key: str) -> None:
    """Raises InputError for a fault that means nothing for the system, or that would not do what it says."""
    system, kind = scenario.cluster.foreign(), kind_of(step.fault)
    if system is None:
        return
    if kind in system.refuses:
        raise InputError(f"{key}.fault", f"{kind} means nothing for {system.name}: {system.refuses[kind]}")
    for one in primitives_of(step.fault, lab):
        if why := _NOT_OURS.get(type(one)):
            raise InputError(f"{key}.fault", f"{kind} means nothing for {system.name}, which {why}")
        if isinstance(one, p.Blocked) and one.what == "8182":
            raise InputError(f"{key}.fault", f"{kind} blocks port 8182, on which {system.name} says nothing")
        by_address = isinstance(one, p.Impaired) or (isinstance(one, p.LinkCut) and one.at == "nftables")
        if by_address and system.floods and scenario.cluster.system_profile not in system.unicast_profiles:
            profiles = " or ".join(filter(None, system.unicast_profiles))
            way = f"or choose the profile {profiles}" if profiles else "it has no profile that sends to each host alone"
            raise InputError(
                f"{key}.fault",
                f"{kind} acts on the address a packet is for, which the multicasts and broadcasts of {system.name}"
                f' pass: cut links at the switch (manner = "silent"), where these are cut as well; {way}',
            )
