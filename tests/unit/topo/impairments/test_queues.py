"""Impairments as queues of the kernel: their layout, and the order of changes."""

from __future__ import annotations

import struct

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.impairments import queues
from herzschlag.topo.impairments.queues import NO_DELAY, Delay, Layout, layout, steps
from herzschlag.topo.impairments.values import Impairment, Quality

LAB = two_networks(3)
OTHERS = ("gateway", "vcenter", "host-99", "host-100")
MS = 1_000_000


def links(quality: Quality, *to: str, network: str = "A") -> Impairment:
    return Impairment(links={(network, node): quality for node in to})


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
