"""Packet filters of nodes as data: what is dropped where, and nothing else."""

from __future__ import annotations

from herzschlag.backends.stage_filter import delays, filtered_at, script
from herzschlag.primitives import Blocked, Impaired, LinkCut, PortDown
from topo.catalog import two_networks

LAB = two_networks(3)


def rules(node: str, *conditions: Blocked | Impaired | LinkCut) -> list[str]:
    return [line for line in script(LAB, node, conditions).splitlines() if line.startswith("add rule")]


def test_a_node_without_conditions_loses_its_table() -> None:
    """Lifting the last condition must leave no rule behind."""
    assert rules("host-98") == []
    assert script(LAB, "host-98", ()).count("delete table") == 2


def test_a_blocked_direction_is_dropped_in_that_direction_alone() -> None:
    (inward,) = rules("host-98", Blocked("host-98", "8182", "in"))
    (outward,) = rules("host-98", Blocked("host-98", "icmp", "out"))
    assert inward == "add rule inet herzschlag incoming meta l4proto { tcp, udp } th dport 8182 counter drop"
    assert outward == "add rule inet herzschlag outgoing meta l4proto icmp counter drop"
    assert len(rules("host-98", Blocked("host-98", "icmp", "both"))) == 2


def test_only_the_sender_filters_a_cut() -> None:
    """A cut made at the receiver as well would be counted twice."""
    cut = LinkCut("A", "host-98", "host-99", "nftables")
    assert filtered_at(cut) == "host-98"
    assert rules("host-99", cut) == []
    (rule,) = rules("host-98", cut)
    assert f"ip daddr {LAB.address('host-99', 'A')} counter drop" in rule


def test_what_switches_do_is_no_filters_business() -> None:
    assert filtered_at(LinkCut("A", "host-98", "host-99")) is None
    assert filtered_at(PortDown("A", "host-98")) is None


def test_loss_and_duplicates_are_shares_of_a_million() -> None:
    impaired = Impaired("B", "host-98", "host-99", loss=0.25, duplicate=0.1)
    loss, duplicate = rules("host-98", impaired)
    assert "numgen random mod 1000000 < 250000 counter drop" in loss
    assert "numgen random mod 1000000 < 100000 dup to mgmtB" in duplicate


def test_delay_and_reordering_are_named_as_what_a_filter_cannot_do() -> None:
    late = Impaired("A", "host-98", "host-99", delay_ms=20)
    assert delays([late, Impaired("A", "host-98", "host-99", loss=0.1)]) == [late]
