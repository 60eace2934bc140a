"""Impairments as rules of a packet filter."""

from __future__ import annotations

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.impairments.filters import relayed, script, way_to_relay
from herzschlag.topo.impairments.values import Block, Impairment, Quality

LAB = two_networks(3)
OTHERS = ("gateway", "vcenter", "host-99", "host-100")


def rules(impairment: Impairment, node: str = "host-98") -> list[str]:
    return [line for line in script(LAB, node, impairment).splitlines() if line.startswith("add rule")]


def links(quality: Quality, *to: str, network: str = "A") -> Impairment:
    return Impairment(links={(network, node): quality for node in to})


def test_no_impairment_leaves_no_table_and_nothing_to_do_by_any_means() -> None:
    text = script(LAB, "host-98", Impairment())
    assert text.count("add table") == text.count("delete table") == 2 and "rule" not in text
    assert Impairment().means == frozenset()


def test_only_packets_to_bad_lines_go_to_the_relay_and_those_it_returns_pass() -> None:
    way = way_to_relay("B")
    assert [line.split("relayed_B ")[1] for line in way.splitlines() if line.startswith("add rule")] == [
        "meta mark 0x68657273 accept",
        "ip daddr @bad_B fwd to relayB",
    ]
    assert relayed(LAB, "B", ["host-99", "gateway"]).splitlines() == [
        "flush set netdev herzschlag_relay bad_B",
        "add element netdev herzschlag_relay bad_B { 198.19.0.1, 198.19.1.2 }",
    ]
    assert relayed(LAB, "B", []) == "flush set netdev herzschlag_relay bad_B\n"


def test_every_script_begins_by_deleting_what_was_there() -> None:
    """A script that is applied twice has the same effect as one that is applied once."""
    for impairment in (links(Quality(loss=0.1), "host-99"), Impairment(blocks=(Block("icmp"),))):
        lines = script(LAB, "host-98", impairment).splitlines()
        assert [line.split()[0] for line in lines[:4]] == ["add", "delete", "add", "delete"]


def test_a_blocked_direction_is_dropped_in_that_direction_alone() -> None:
    (inward,) = rules(Impairment(blocks=(Block("udp", 8182, "in"),)))
    (outward,) = rules(Impairment(blocks=(Block("icmp", None, "out"),)))
    assert inward == "add rule inet herzschlag incoming udp dport 8182 counter drop"
    assert outward == "add rule inet herzschlag outgoing ip protocol icmp counter drop"
    assert len(rules(Impairment(blocks=(Block("icmp"),)))) == 2


def test_cuts_of_a_node_are_one_rule() -> None:
    """Sixty rules for sixty destinations took twenty times as long to make."""
    (rule,) = rules(Impairment(cuts=frozenset({("A", "host-99"), ("B", "host-100")})))
    addresses = f"{LAB.address('host-99', 'A')}, {LAB.address('host-100', 'B')}"
    assert rule == f"add rule inet herzschlag outgoing ip daddr {{ {addresses} }} counter drop"


def test_loss_and_duplicates_are_shares_of_a_million_behind_the_nodes_own_work() -> None:
    own, loss, duplicate = rules(links(Quality(loss=0.25, duplicate=0.1), "host-99", network="B"))
    to = f"ip daddr {LAB.address('host-99', 'B')}"
    assert own == "add rule netdev herzschlag leaving_B meta mark 0x68657274 accept"
    assert f"leaving_B {to} numgen random mod 1000000 < 250000 counter drop" in loss
    assert f"{to} numgen random mod 1000000 < 100000 meta mark set 0x68657274 dup to mgmtB" in duplicate


def test_what_goes_for_everybody_needs_no_address() -> None:
    (rule,) = rules(links(Quality(loss=0.25), *OTHERS))
    assert "daddr" not in rule


def test_a_share_of_all_needs_no_chance_and_the_smallest_is_still_one() -> None:
    (all_of_it,) = rules(links(Quality(loss=1), "host-99"))
    (hardly_any,) = rules(links(Quality(loss=1e-9), "host-99"))
    assert "numgen" not in all_of_it
    assert "mod 1000000 < 1 counter" in hardly_any


def test_a_copy_is_neither_lost_nor_copied_in_turn() -> None:
    """Copies pass the same chain: the first rule lets them out, whatever follows."""
    first, *others = rules(links(Quality(loss=0.5, duplicate=0.5), *OTHERS))
    assert first.endswith("meta mark 0x68657274 accept")
    assert [rule.split()[-1] for rule in others] == ["drop", "mgmtA"]


def test_each_network_has_a_chain_of_its_own() -> None:
    """A bad line of one network must not touch the other."""
    both = {("A", "host-99"): Quality(loss=0.1), ("B", "host-99"): Quality(loss=0.2)}
    on_a, on_b = rules(Impairment(links=both))
    assert "leaving_A" in on_a and LAB.address("host-99", "A") in on_a
    assert "leaving_B" in on_b and LAB.address("host-99", "B") in on_b
