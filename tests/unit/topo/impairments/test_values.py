"""Impairments as data: which rules and queues follow from which value, and what is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.errors import ImpairError
from herzschlag.topo.impairments import queues
from herzschlag.topo.impairments.filters import script
from herzschlag.topo.impairments.queues import NO_DELAY, Delay, Layout, layout, steps
from herzschlag.topo.impairments.values import DELAY_NS_MAX, JITTER_NS_MAX, Block, Impairment, Quality

LAB = two_networks(3)
OTHERS = ("gateway", "vcenter", "host-99", "host-100")
MS = 1_000_000


def rules(impairment: Impairment, node: str = "host-98") -> list[str]:
    return [line for line in script(LAB, node, impairment).splitlines() if line.startswith("add rule")]


def links(quality: Quality, *to: str, network: str = "A") -> Impairment:
    return Impairment(links={(network, node): quality for node in to})


# --- Filters ----------------------------------------------------------------------------------------------------------


def test_no_impairment_leaves_no_table_and_nothing_to_do_by_any_means() -> None:
    text = script(LAB, "host-98", Impairment())
    assert text.count("add table") == text.count("delete table") == 2 and "rule" not in text
    assert Impairment().means == frozenset()


def test_every_script_begins_by_deleting_what_was_there() -> None:
    """Applied twice, it is applied once."""
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


def test_every_means_is_named() -> None:
    assert links(Quality(loss=0.1), "host-99").means == {"nftables"}
    assert links(Quality(delay_ns=1), "host-99").means == {"netem"}
    assert links(Quality(delay_ns=1, duplicate=1), "host-99").means == {"nftables", "netem"}
    assert links(Quality(), "host-99").means == frozenset()


# --- Queues -----------------------------------------------------------------------------------------------------------

SLOW, SLOWER = Delay(30 * MS, 20 * MS), Delay(100 * MS, 0, 0.25)


def quality(delay: Delay) -> Quality:
    return Quality(delay_ns=delay.delay_ns, jitter_ns=delay.jitter_ns, overtaking=delay.overtaking)


def laid(impairment: Impairment, before: Layout = Layout(), network: str = "A") -> Layout:  # noqa: B008 (frozen)
    return layout(LAB, "host-98", network, impairment, before)


def kinds(messages: list[bytes]) -> list[str]:
    """Message types and kinds of queue."""
    names = {36: "qdisc", 37: "no qdisc", 40: "class", 44: "filter", 45: "no filter"}
    found = []
    for message in messages:
        length, number = struct.unpack_from("=IH", message)
        assert length == len(message)
        kind = message[40 : message.index(b"\0", 40)].decode() if length > 36 else ""
        found.append(f"{names[number]} {kind}".strip())
    return found


def test_a_quality_that_all_share_needs_one_queue_and_no_filter() -> None:
    wanted = laid(links(quality(SLOW), *OTHERS))
    assert wanted == Layout(SLOW, {}, 1)
    assert kinds(steps(Layout(), wanted, 2)) == ["qdisc htb", "class htb", "qdisc netem"]


def test_a_quality_of_its_own_is_a_class_with_a_filter() -> None:
    address = LAB.address("host-99", "A")
    wanted = laid(links(quality(SLOW), "host-99"))
    assert wanted == Layout(NO_DELAY, {address: SLOW}, 2)
    made = kinds(steps(Layout(), wanted, 2))
    assert made == ["qdisc htb", "class htb", "qdisc netem", "class htb", "qdisc netem", "filter u32"]
    assert queues.delaying(wanted) == [0x120000]


def test_two_qualities_are_two_classes_and_each_destination_has_one_filter() -> None:
    links = {("A", "host-99"): quality(SLOW), ("A", "host-100"): quality(SLOWER), ("A", "gateway"): quality(SLOW)}
    wanted = laid(Impairment(links=links))
    assert wanted.classes == 3 and set(wanted.others.values()) | {wanted.usual} == {SLOW, SLOWER, NO_DELAY}
    assert kinds(steps(Layout(), wanted, 2)).count("filter u32") == len(wanted.others)


def test_a_mended_line_keeps_its_queues_until_they_are_empty() -> None:
    """Taking a queue away drops what is under way in it."""
    before = laid(links(quality(SLOW), "host-99"))
    after = laid(Impairment(), before)
    assert after == Layout(NO_DELAY, {}, 2)
    assert kinds(steps(before, after, 2)) == ["qdisc netem", "qdisc netem", "no filter u32"]
    assert queues.delaying(after) == []
    assert kinds([queues.removal(2)]) == ["no qdisc"]
    assert queues.longest_ns(before) == 50 * MS


def test_a_filter_that_leads_elsewhere_is_made_anew() -> None:
    before = laid(links(quality(SLOW), "host-99"))
    after = laid(links(quality(SLOWER), "host-99"), before)
    assert kinds(steps(before, after, 2)) == ["qdisc netem", "qdisc netem"], "the same class, another delay"
    both = laid(Impairment(links={("A", "host-99"): quality(SLOWER), ("A", "host-100"): quality(SLOW)}), before)
    assert "no filter u32" in kinds(steps(before, both, 2))


def test_nothing_to_change_is_nothing_to_do() -> None:
    wanted = laid(links(quality(SLOW), *OTHERS))
    assert steps(wanted, wanted, 2) == []
    assert steps(Layout(), laid(links(Quality(loss=0.5), *OTHERS)), 2) == []
    assert laid(links(quality(SLOW), *OTHERS), network="B") == Layout(), "the other network is another interface"


def test_netem_is_told_nanoseconds_and_shares() -> None:
    (_, _, netem) = steps(Layout(), Layout(SLOWER, {}, 1), 2)
    assert struct.pack("=HHq", 12, 10, 100 * MS) in netem
    assert struct.pack("=HHq", 12, 11, 0) in netem
    assert struct.pack("=HHII", 12, 3, round(0.25 * 0xFFFFFFFF), 0) in netem


# --- What cannot be ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Quality(loss=1.01), r"loss=1.01 is outside 0 to 1"),
        (lambda: Quality(duplicate=-1), r"duplicate=-1 is outside"),
        (lambda: Quality(delay_ns=DELAY_NS_MAX + 1), r"delay_ns=60000000001 is outside"),
        (lambda: Quality(jitter_ns=JITTER_NS_MAX + 1), r"jitter_ns=2147483648 is outside"),
        (lambda: Quality(overtaking=0.5), r"nothing is delayed, so nothing can be overtaken"),
        (lambda: Block("udp", 1, "up"), r"direction 'up' is unknown"),  # type: ignore[arg-type]
        (lambda: Block("udp", 0), r"port=0 is outside 1 to 65535"),
        (lambda: Block("icmp", 1), r"ICMP has no ports"),
        (lambda: Block("sctp"), r"protocol 'sctp' is unknown"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ImpairError, match=text):
        make()
