"""The impairments made of conditions, which must be those that the simulation makes of them."""

from __future__ import annotations

from herzschlag.backends.mininet.stage.impairments import filtered_at, impairments
from herzschlag.faults.line_quality import line_course
from herzschlag.faults.primitives import AnyCondition, Blocked, Impaired, LinkCut, PortDown
from herzschlag.topo.impairments.values import Block, Impairment, Quality

MS = 1_000_000


def at(node: str, *conditions: AnyCondition, speed: float = 1.0) -> Impairment:
    return impairments(conditions, [node], speed)[node]


def test_only_the_sender_filters_a_cut() -> None:
    """A cut made at the receiver as well would be counted twice."""
    cut = LinkCut("A", "host-98", "host-99", "nftables")
    assert filtered_at(cut) == "host-98"
    assert at("host-98", cut) == Impairment(cuts=frozenset({("A", "host-99")}))
    assert at("host-99", cut) == Impairment()


def test_what_switches_do_is_not_done_by_filters() -> None:
    assert filtered_at(LinkCut("A", "host-98", "host-99")) is None
    assert filtered_at(PortDown("A", "host-98")) is None


def test_port_8182_is_blocked_for_both_protocols() -> None:
    blocks = at("host-98", Blocked("host-98", "8182", "in"), Blocked("host-98", "icmp", "out")).blocks
    assert set(blocks) == {Block("udp", 8182, "in"), Block("tcp", 8182, "in"), Block("icmp", None, "out")}


def test_delays_are_protocol_time() -> None:
    """At speed 10 a heartbeat that is 300 ms late in protocol time is 30 ms late on the wire."""
    late = Impaired("A", "host-98", "host-99", delay_ms=300, jitter_ms=200, loss=0.2)
    assert at("host-98", late, speed=10).links == {
        ("A", "host-99"): Quality(loss=0.2, delay_ns=30 * MS, jitter_ns=20 * MS)
    }


def test_two_impairments_of_one_link_act_one_after_the_other() -> None:
    once = Impaired("A", "host-98", "host-99", loss=0.5, delay_ms=10)
    again = Impaired("A", "host-98", "host-99", loss=0.5, delay_ms=5)
    assert at("host-98", once, again).links["A", "host-99"] == Quality(loss=0.75, delay_ns=15 * MS)


def test_a_line_that_changes_by_itself_has_the_course_that_the_simulation_gives_it() -> None:
    ramp = Impaired("A", "host-98", "host-99", to=(("loss", 1.0),), over_s=2.0)
    found = at("host-98", ramp, Impaired("B", "host-98", "host-99", loss=0.5), speed=10)
    assert found.courses == {("A", "host-99"): line_course([ramp], 10)}
    assert found.links == {("B", "host-99"): Quality(loss=0.5)}
