"""The lab's graph in Mininet: what the specification says, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("mininet", reason="needs the Python package mininet (the extra `lab`)")

from herzschlag.topo.catalog import one_network, two_networks
from herzschlag.topo.mininet.topology import HerzschlagTopo, topos
from herzschlag.topo.spec import GATEWAY


def links(graph: Any) -> set[tuple[str, str, str, int]]:
    return {
        (info["node1"], info["intfName1"], info["node2"], info["port2"])
        for _, _, info in graph.links(sort=True, withInfo=True)
    }


def test_every_node_is_linked_to_every_network_under_the_names_and_ports_of_the_specification() -> None:
    spec = two_networks(3)
    assert links(HerzschlagTopo(spec)) == {
        (node, f"mgmt{network}", f"s{network}", spec.port(node)) for node in spec.nodes for network in ("A", "B")
    }


def test_a_number_of_hosts_is_the_lab_of_the_documentation() -> None:
    """As `mn --topo herzschlag,4` gives it; a third word is the number of networks."""
    assert links(topos["herzschlag"](4)) == links(HerzschlagTopo(two_networks(4)))
    assert links(topos["herzschlag"](4, 1)) == links(HerzschlagTopo(one_network(4)))
    assert links(topos["herzschlag"]()) == links(HerzschlagTopo(two_networks(3)))


def test_hosts_come_first_and_in_the_order_of_the_specification() -> None:
    graph = HerzschlagTopo(two_networks(["host-100", "host-98"]))
    assert graph.hosts() == ["host-100", "host-98", "gateway", "vcenter"]
    assert graph.switches() == ["sA", "sB"]


def test_addresses_belong_to_links_and_the_default_route_to_the_first_network() -> None:
    spec = two_networks(2)
    graph = HerzschlagTopo(spec)
    for node in spec.nodes:
        options = graph.nodeInfo(node)
        assert options["ip"] is None
        assert options["defaultRoute"] == (None if node == GATEWAY else "via 198.18.0.1")
        for network in spec.networks:
            info = graph.linkInfo(node, f"s{network}")
            assert info["params1"]["ip"] == f"{spec.address(node, network)}/16"
            assert info["addr1"] == spec.mac(node, network)
