"""Topologies as values: their names and numbers, and the refusal of invalid ones."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from herzschlag.topo.catalog import one_network, two_networks
from herzschlag.topo.spec import (
    HOSTS_MAX,
    INTERFACE_NAME_MAX,
    DatastoreSpec,
    HostSpec,
    SpecError,
    TopologySpec,
    datapath_id,
    switch_interface,
)


def test_default_moids_count_up_from_98() -> None:
    assert two_networks(3).moids == ("host-98", "host-99", "host-100")


def test_nodes_are_the_hosts_then_gateway_and_vcenter() -> None:
    assert two_networks(2).nodes == ("host-98", "host-99", "gateway", "vcenter")


def test_addresses_follow_the_documented_plan() -> None:
    spec = two_networks(["host-7", "host-3"])
    assert [spec.address(node, "A") for node in spec.nodes] == ["198.18.1.1", "198.18.1.2", "198.18.0.1", "198.18.0.2"]
    assert spec.address("host-3", "B") == "198.19.1.2"
    assert spec.mac("host-3", "B") == "02:00:c6:13:01:02"
    assert [spec.port(node) for node in spec.nodes] == [11, 12, 1, 2]


def test_an_address_names_its_node_and_a_stranger_none() -> None:
    spec = two_networks(3)
    assert spec.node_of_address("198.19.1.3") == ("host-100", "B")
    assert spec.node_of_address("10.0.0.1") is None


@pytest.mark.parametrize("count", [2, 3, 64, HOSTS_MAX])
def test_no_two_nodes_share_an_address_mac_port_or_interface(count: int) -> None:
    spec = two_networks(count)
    pairs = [(node, network) for network in spec.networks for node in spec.nodes]
    assert len({spec.address(*pair) for pair in pairs}) == len(pairs)
    assert len({spec.mac(*pair) for pair in pairs}) == len(pairs)
    assert len({switch_interface(*pair) for pair in pairs}) == len(pairs)
    assert len({spec.port(node) for node in spec.nodes}) == len(spec.nodes)


def test_the_longest_allowed_moid_still_makes_a_legal_interface_name() -> None:
    spec = two_networks(["host-9999999", "host-1"])
    assert len(switch_interface(spec.moids[0], "A")) == INTERFACE_NAME_MAX
    assert datapath_id("A") != datapath_id("B")


def test_directed_links_are_every_ordered_pair_on_every_network() -> None:
    spec = two_networks(2)
    links = list(spec.directed_links())
    assert len(links) == len(set(links)) == 2 * 4 * 3
    assert ("B", "host-99", "gateway") in links
    assert all(source != destination for _, source, destination in links)


def test_a_datastore_is_seen_by_the_hosts_it_names() -> None:
    spec = two_networks(3, [DatastoreSpec("vmfs-1", "vmfs"), DatastoreSpec("nfs-1", "nfs", ("host-99",))])
    assert [datastore.name for datastore in spec.datastores_of("host-98")] == ["vmfs-1"]
    assert [datastore.name for datastore in spec.datastores_of("host-99")] == ["vmfs-1", "nfs-1"]


def test_one_network_has_no_b() -> None:
    spec = one_network(2)
    with pytest.raises(SpecError, match="network 'B' is not in this lab: its networks are A"):
        spec.address("host-98", "B")


def _lab(**changes: object) -> TopologySpec:
    values: dict[str, object] = {"hosts": (HostSpec("host-1"), HostSpec("host-2")), **changes}
    return TopologySpec(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: two_networks(1), "1 hosts: a cluster has 2 to 96 hosts"),
        (lambda: two_networks(97), "97 hosts: a cluster has 2 to 96 hosts"),
        (lambda: two_networks(["host-1", "host-1"]), "host host-1 is listed twice"),
        (lambda: HostSpec("host-01"), "host 'host-01': a managed object ID is"),
        (lambda: HostSpec("host-12345678"), "at most 7 digits"),
        (lambda: HostSpec("gateway"), "host 'gateway': a managed object ID is"),
        (lambda: HostSpec("host-1\n"), "a managed object ID is"),
        (lambda: HostSpec("host-1", memory_mb=0), "memory_mb=0 must be above 0"),
        (lambda: _lab(networks=("B",)), r"networks \['B'\]: a lab has network A alone or A and B"),
        (lambda: _lab(mtu=100), "mtu=100 is outside 576 to 9000"),
        (lambda: _lab(datastores=(DatastoreSpec("x", "nfs", ("host-9",)),)), "host 'host-9' is not in this lab"),
        (
            lambda: _lab(datastores=(DatastoreSpec("x", "nfs"), DatastoreSpec("x", "vmfs"))),
            "datastore x is listed twice",
        ),
        (lambda: DatastoreSpec("../x", "nfs"), "datastore '../x': a name is"),
        (lambda: DatastoreSpec("x", "ext4"), "kind 'ext4' is unknown"),  # type: ignore[arg-type]
        (lambda: DatastoreSpec("x", "nfs", ()), "hosts is empty"),
        (lambda: DatastoreSpec("x", "nfs", ("host-1", "host-1")), "names a host twice"),
        (lambda: _lab().port("host-9"), "node 'host-9' is not in this lab"),
        (lambda: _lab().datastore("x"), "datastore 'x' is not in this lab: its datastores are none"),
    ],
)
def test_a_wrong_topology_is_refused_with_value_rule_and_way_out(make: Callable[[], object], text: str) -> None:
    with pytest.raises(SpecError, match=text):
        make()


def test_a_topology_survives_json_and_unknown_keys_do_not() -> None:
    spec = two_networks(4)
    assert msgspec.json.decode(msgspec.json.encode(spec), type=TopologySpec) == spec
    with pytest.raises(msgspec.ValidationError, match="hots"):
        msgspec.convert({"hosts": [{"moid": "host-1"}, {"moid": "host-2"}], "hots": 3}, TopologySpec)
