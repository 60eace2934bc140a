"""Maintenance mode is in force where vCenter could tell of it."""

from __future__ import annotations

from herzschlag.checkers.segments import Segment
from herzschlag.checkers.told import UNMONITORED, as_told
from herzschlag.faults import primitives as p
from herzschlag.scenarios.model import Cluster

LAB = Cluster().topology()
REST = p.Maintenance("host-98")


def test_without_vcenter_the_wish_waits_and_so_does_its_end() -> None:
    down = p.VcenterDown()
    wanted: list[set[p.AnyCondition]] = [{down, REST}, {REST}, {down}, set()]
    found = as_told((Segment(n, n + 1, frozenset(c)) for n, c in enumerate(wanted)), LAB)
    assert [REST in segment.conditions for segment in found] == [False, True, True, False]
    assert [segment.disagreed for segment in found] == [True, False, True, False]


def test_a_host_that_vcenter_does_not_reach_is_not_told() -> None:
    cut = {p.PortDown(network, "host-98") for network in LAB.networks}
    (found,) = as_told([Segment(0, 1, frozenset({REST, *cut}))], LAB)
    assert REST not in found.conditions
    assert found.disagreed


def test_monitoring_is_off_as_long_as_any_host_takes_it_to_be() -> None:
    cut = {p.PortDown(network, "host-98") for network in LAB.networks}
    wanted: list[set[p.AnyCondition]] = [{UNMONITORED}, {*cut}, set()]
    found = as_told((Segment(n, n + 1, frozenset(c)) for n, c in enumerate(wanted)), LAB)
    assert [UNMONITORED in segment.conditions for segment in found] == [True, True, False]


def test_who_hears_vcenter_and_is_not_heard_may_know_that_monitoring_is_off_and_not_that_it_is_on_again() -> None:
    mute: set[p.AnyCondition] = {p.LinkCut(network, "host-98", "vcenter", "switch") for network in LAB.networks}
    wanted: list[set[p.AnyCondition]] = [{UNMONITORED, *mute}, mute, set()]
    found = as_told((Segment(n, n + 1, frozenset(c)) for n, c in enumerate(wanted)), LAB)
    assert [UNMONITORED in segment.conditions for segment in found] == [True, True, False]


def test_who_loses_vcenter_in_the_instant_of_a_wish_may_have_been_told() -> None:
    down = p.VcenterDown()
    wanted: list[set[p.AnyCondition]] = [set(), {down, REST}, {down}, set()]
    found = as_told((Segment(n, n + 1, frozenset(c)) for n, c in enumerate(wanted)), LAB)
    assert [segment.disagreed for segment in found] == [False, True, True, False]
    off: list[set[p.AnyCondition]] = [set(), {down, UNMONITORED}, {down}, set()]
    found = as_told((Segment(n, n + 1, frozenset(c)) for n, c in enumerate(off)), LAB)
    assert [UNMONITORED in segment.conditions for segment in found] == [False, True, True, False]
