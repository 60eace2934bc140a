"""Which arrivals of heartbeats before a fault are recorded."""

from __future__ import annotations

from herzschlag.history.heartbeats import Arrival, last_heartbeats
from herzschlag.history.records import SECOND

BEGAN_NS = 20 * SECOND


def arrival(at_s: float, sender: str, receiver: str, network: str = "A") -> Arrival:
    return Arrival(round(at_s * SECOND), sender, receiver, network)


def recorded(*arrivals: Arrival) -> list[tuple[str, str, str, float]]:
    found = last_heartbeats("cut", BEGAN_NS, arrivals, SECOND)
    assert {one.id for one in found} <= {"cut"}
    return [(one.sender, one.receiver, one.network, one.arrived_ns / SECOND) for one in found]


def test_of_each_host_to_each_other_the_last_one_counts_by_whichever_network() -> None:
    told = recorded(
        arrival(19.8, "host-98", "host-99", "B"),
        arrival(18.8, "host-98", "host-99"),
        arrival(19.8001, "host-98", "host-99"),
        arrival(19.2, "host-99", "host-98"),
    )
    assert told == [("host-98", "host-99", "A", 19.8001), ("host-99", "host-98", "A", 19.2)]


def test_a_host_that_stopped_sending_long_before_the_fault_is_left_out() -> None:
    """A slave that was a master in an earlier reign had sent heartbeats to the other slaves then."""
    assert recorded(arrival(16.9, "host-98", "host-99")) == []
    assert recorded(arrival(17.1, "host-98", "host-99")) == [("host-98", "host-99", "A", 17.1)]


def test_a_system_with_an_opinion_of_each_network_has_the_last_one_on_each() -> None:
    came = (arrival(19.8, "host-98", "host-99", "B"), arrival(19.7, "host-98", "host-99"))
    found = last_heartbeats("cut", BEGAN_NS, came, SECOND, by_network=True)
    assert [(one.network, one.arrived_ns) for one in found] == [("A", 19.7 * SECOND), ("B", 19.8 * SECOND)]
