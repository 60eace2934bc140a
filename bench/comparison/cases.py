"""The same faults on every system: a scenario for each. Pure.

This module decides who is hit (the host that leads, or the first one where none does), for how long, and how long a run
goes on. What a run shows is left to `seen.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from herzschlag.faults import Fault, Freeze, Isolate, OneWay, PowerOff, Split
from herzschlag.scenarios.model import Cluster, Scenario, Step

FAULTS = {
    "power-off": "the host loses power, and gets it back",
    "isolation": "it is cut off from all others on both networks",
    "one-way": "the others do not hear it; it hears them",
    "split": "of five hosts, it and one other are cut off from the rest",
    "freeze": "its programs stand still, and go on",
}
"""Kind of fault to what it is, of the host that leads."""
BEGIN_S = 1.0
HOSTS, HOSTS_OF_SPLIT = 3, 5


class Subject(NamedTuple):
    """A system as it is compared."""

    title: str
    cluster: Cluster
    lost: str
    """The host that leads when the fault begins."""
    for_s: float
    """How long the fault lasts, protocol seconds."""
    after_s: float
    """How long the run goes on afterwards."""
    speed: float = 1.0


def _other(system: str, profile: str = "") -> Cluster:
    return Cluster(system=system, system_profile=profile, datastores=())


SUBJECTS = {
    "herzschlag": Subject(
        "Herzschlag's agents, modelled on vSphere HA", Cluster(vms_per_host=1), "host-99", 60, 60, speed=10
    ),
    "keepalived": Subject("keepalived (VRRP)", _other("keepalived"), "host-98", 10, 7),
    "etcd": Subject("etcd (Raft)", _other("etcd"), "host-98", 10, 8),
    "redis-sentinel": Subject("Redis with Sentinel", _other("redis-sentinel"), "host-98", 10, 17),
    "corosync": Subject("Corosync", _other("corosync"), "host-98", 10, 8),
    "frr-bfd": Subject("FRR's bfdd (BFD)", _other("frr-bfd"), "host-98", 6, 6),
    "patroni": Subject("Patroni with PostgreSQL", _other("patroni"), "host-98", 40, 40),
}
"""Name of the system to how it is compared; the highest MOID as text wins our agents' election."""
NOT_COMPARED = {
    "pacemaker": "Corosync, under it, is",
    "serf": "it leads nothing and has no quorum",
    "ucarp": "it does what keepalived does",
}
"""Shipped systems that are left out, and why."""


def scenario(name: str, fault: str) -> Scenario:
    subject = SUBJECTS[name]
    hosts = HOSTS_OF_SPLIT if fault == "split" else HOSTS
    cluster = msgspec.structs.replace(subject.cluster, hosts=hosts)
    moids = cluster.topology().moids
    others = tuple(moid for moid in moids if moid != subject.lost)
    step = Step(at_s=BEGIN_S, for_s=subject.for_s, id="fault", fault=_fault(fault, subject.lost, others))
    title = f"{subject.title}: {FAULTS[fault]}"
    return Scenario(
        name=f"comparison-{name}-{fault}",
        title=title,
        speed=subject.speed,
        cluster=cluster,
        steps=(step,),
        settle_s=subject.after_s,
    )


def _fault(name: str, lost: str, others: tuple[str, ...]) -> Fault:
    match name:
        case "power-off":
            return PowerOff(host=lost)
        case "isolation":
            return Isolate(host=lost)
        case "one-way":
            return OneWay(src=lost, dst=others)
        case "split":
            return Split(groups=((lost, others[-1]), others[:-1]))
    return Freeze(host=lost)
