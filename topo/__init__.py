"""What a lab looks like, as values. The sandbox and the running lab are in `topo.sandbox` and `topo.lab`: import those
where they are used, so that describing a lab needs neither Linux nor Mininet."""

from topo.catalog import one_network, two_networks
from topo.spec import GATEWAY, NETWORKS, VCENTER, DatastoreSpec, HostSpec, SpecError, TopologySpec

__all__ = [
    "GATEWAY",
    "NETWORKS",
    "VCENTER",
    "DatastoreSpec",
    "HostSpec",
    "SpecError",
    "TopologySpec",
    "one_network",
    "two_networks",
]
