"""What stops packets."""

from __future__ import annotations

from herzschlag.checkers.segments import Stops
from herzschlag.faults import primitives as p


def test_a_cut_stops_one_direction_on_one_network() -> None:
    stops = Stops(frozenset({p.LinkCut("A", "host-98", "host-99")}))
    assert not stops.passes("A", "host-98", "host-99", "8182")
    assert stops.passes("A", "host-99", "host-98", "8182")
    assert stops.passes("B", "host-98", "host-99", "8182")


def test_a_small_mtu_stops_what_joins_alone() -> None:
    stops = Stops(frozenset({p.MtuLimit("A", "host-98", 1000)}))
    assert [stops.passes("A", "host-99", "host-98", what) for what in ("8182", "join", "icmp")] == [True, False, True]
