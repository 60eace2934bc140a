"""The lab's graph as Mininet knows graphs: a `Topo`, of which our Mininet makes the lab, and stock `mn` as well.

    mn --custom topo/mininet/topology.py --topo herzschlag,3 --switch ovsbr --controller none --test pingall

Every name, port and address follows from the specification (`topo/spec.py`). What is made of the graph is left to the
classes of the Mininet that is given it; stock classes pass over what they do not know, as the size of packets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mininet.topo import Topo

from herzschlag.topo.catalog import one_network, two_networks
from herzschlag.topo.spec import (
    GATEWAY,
    NETWORKS,
    PREFIX_LENGTH,
    TopologySpec,
    datapath_id,
    node_interface,
    switch_interface,
    switch_name,
)


class HerzschlagTopo(Topo):  # type: ignore[misc]
    """Hosts, gateway and vCenter, with a link to the switch of each network."""

    def build(self, lab: TopologySpec | int = 3, networks: int = len(NETWORKS)) -> None:
        """`lab`: a specification, or the number of hosts, then with one network or two."""
        if isinstance(lab, int):
            lab = one_network(lab) if networks == 1 else two_networks(lab)
        for node in lab.nodes:
            self.addHost(node, **_node_options(lab, node))
        for network in lab.networks:
            self.addSwitch(switch_name(network), dpid=f"{datapath_id(network):016x}")
            for node in lab.nodes:
                self.addLink(node, switch_name(network), **_link_options(lab, node, network))

    @staticmethod
    def sorted(items: Iterable[str]) -> list[str]:
        """Nodes stay in the specification's order, hosts first: Mininet's alphabet would begin with the gateway."""
        return list(items)


def _node_options(spec: TopologySpec, node: str) -> dict[str, Any]:
    """Without an `ip` of its own, which Mininet would give to whatever interface comes first: links bring theirs."""
    route = f"via {spec.address(GATEWAY, spec.default_route_network)}"
    return {"ip": None, "defaultRoute": None if node == GATEWAY else route}


def _link_options(spec: TopologySpec, node: str, network: str) -> dict[str, Any]:
    return {
        "port1": NETWORKS.index(network),
        "port2": spec.port(node),
        "intfName1": node_interface(network),
        "intfName2": switch_interface(node, network),
        "addr1": spec.mac(node, network),
        "params1": {"ip": f"{spec.address(node, network)}/{PREFIX_LENGTH}"},
        "mtu": spec.mtu,
    }


topos = {"herzschlag": HerzschlagTopo}
