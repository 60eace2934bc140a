"""A run that is followed: its clock counts from the fault, and says what is expected next."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.from_toml import load
from herzschlag.terminal.following import Following
from tests.planted.plant import play


def followed(
    name: str, until_s: float, pace: float | None = None, clock: Callable[[], float] = lambda: 0.0
) -> Following:
    scenario = load(name)
    follow = Following(scenario, pace, clock)
    for item in play(scenario):
        if item.at_ns <= until_s * SECOND:
            follow.take(item)
    return follow


def test_before_the_cluster_is_ready_there_is_no_clock() -> None:
    follow = followed("slave-failure", 1)
    assert follow.clock_s is None
    assert follow.next() == "the cluster is ready"
    assert follow.states()[0] == ("host-98", "election")


def test_between_ready_and_fault_the_clock_is_negative() -> None:
    follow = followed("slave-failure", 19.5)
    assert follow.clock_s == pytest.approx(-5)
    assert (follow.length_s, follow.next()) == (40, "slave dies T+0")


@pytest.mark.parametrize(
    ("until_s", "next_"),
    [
        (24.5, "datastore heartbeats watched T+3"),
        (30.0, "slave unreachable T+10"),
        (35.0, "restarts begin T+18"),
        (60.0, ""),
    ],
)
def test_after_the_fault_the_next_instant_is_named(until_s: float, next_: str) -> None:
    assert followed("slave-failure", until_s).next() == next_


def test_a_range_is_named_as_one_and_a_host_without_power_as_such() -> None:
    assert followed("isolation", 60).next() == "master reads that it is isolated T+30-60"
    assert followed("partition", 50).next() == "split ends T+60"
    assert followed("slave-failure", 30).states() == [
        ("host-98", "no power"),
        ("host-99", "master"),
        ("host-100", "slave"),
    ]


def test_between_records_the_clock_goes_on_at_the_runs_speed_and_not_beyond_its_end() -> None:
    now = [0.0]
    follow = followed("slave-failure", 24.5, 10.0, lambda: now[0])
    began_s = follow.clock_s
    assert began_s is not None
    now[0] = 0.5
    assert follow.clock_s == pytest.approx(began_s + 5)
    now[0] = 100.0
    assert follow.clock_s == 40


def test_an_instant_that_counts_from_a_record_waits_for_it() -> None:
    assert followed("normal", 14).next() == "the cluster is ready"
    assert followed("normal", 30).next() == ""
    assert History().end_ns == 0
