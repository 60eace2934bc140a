"""What stops packets."""

from __future__ import annotations

from herzschlag.checkers.segments import Segment, Stops
from herzschlag.faults import primitives as p


def test_a_cut_stops_one_direction_on_one_network() -> None:
    stops = Stops(frozenset({p.LinkCut("A", "host-98", "host-99")}))
    assert not stops.passes("A", "host-98", "host-99", "8182")
    assert stops.passes("A", "host-99", "host-98", "8182")
    assert stops.passes("B", "host-98", "host-99", "8182")


def test_a_small_mtu_stops_what_joins_alone() -> None:
    stops = Stops(frozenset({p.MtuLimit("A", "host-98", 1000)}))
    assert [stops.passes("A", "host-99", "host-98", what) for what in ("8182", "join", "icmp")] == [True, False, True]


def test_a_host_whose_agent_the_watchdog_starts_again_has_one() -> None:
    conditions = (p.PowerOff("a"), p.Frozen("b"), p.AgentDown("c", False), p.AgentDown("d", True), p.Maintenance("e"))
    segment = Segment(0, 1, frozenset(conditions))
    assert sorted(segment.without_agent) == ["a", "b", "c"]
    assert sorted(segment.resting) == ["e"]
    assert not segment.bad


def test_a_segment_is_bad_while_a_clock_is_wrong() -> None:
    assert Segment(0, 1, frozenset({p.ClockOff("a", 2.0)})).bad
