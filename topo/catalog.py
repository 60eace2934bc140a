"""Named topologies: plain functions that return a specification. The scenarios say which one they use."""

from __future__ import annotations

from collections.abc import Sequence

from herzschlag.topo.spec import DatastoreSpec, HostSpec, TopologySpec, check_host_count

FIRST_MOID_NUMBER = 98  # so that three hosts show what matters in elections: as text, host-98 beats host-100

DEFAULT_DATASTORES = (
    DatastoreSpec("vmfs-1", "vmfs"),
    DatastoreSpec("vmfs-2", "vmfs"),
    DatastoreSpec("nfs-1", "nfs"),
)


def default_moids(count: int) -> tuple[str, ...]:
    return tuple(f"host-{FIRST_MOID_NUMBER + index}" for index in range(count))


def two_networks(
    hosts: int | Sequence[str | HostSpec] = 3, datastores: Sequence[DatastoreSpec] = DEFAULT_DATASTORES
) -> TopologySpec:
    """The lab of the documentation: every host on networks A and B, three datastores seen by all."""
    return TopologySpec(hosts=host_specs(hosts), datastores=tuple(datastores))


def one_network(
    hosts: int | Sequence[str | HostSpec] = 3, datastores: Sequence[DatastoreSpec] = DEFAULT_DATASTORES
) -> TopologySpec:
    """A single management network without redundancy: every cut of it is a loss."""
    return TopologySpec(hosts=host_specs(hosts), datastores=tuple(datastores), networks=("A",))


def host_specs(hosts: int | Sequence[str | HostSpec]) -> tuple[HostSpec, ...]:
    """Hosts by number, by name or as they are. Raises SpecError for a number of hosts that a cluster cannot have."""
    if isinstance(hosts, int):
        check_host_count(hosts)
        named: Sequence[str | HostSpec] = default_moids(hosts)
    else:
        named = hosts
    return tuple(host if isinstance(host, HostSpec) else HostSpec(host) for host in named)
