"""The published timeline, with records made by hand of a slave that dies at speed 10."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.checkers.rules.timeline import CHECKER
from herzschlag.checkers.verdict import Detail
from herzschlag.faults import PowerOff
from herzschlag.history.records import RUNNER, SECOND, History, Record, record
from herzschlag.scenarios.expectations import Expectations, Instant
from herzschlag.scenarios.model import Cluster, Scenario, Step

MASTER, SLAVE = "host-99", "host-98"
DEAD = PowerOff(host=SLAVE)
SCENARIO = Scenario(
    name="t",
    title="t",
    cluster=Cluster(hosts=3),
    steps=(Step(at_s=0, id="dies", fault=DEAD),),
    expect=Expectations(
        instant=(
            Instant(name="dead", record={"kind": "host-state", "to": "hostDown"}, published_s=18, source="1.1 [DD-R]"),
        )
    ),
)


def measured(fault_s: float, dead_s: float, heartbeat_s: float | None) -> Detail:
    """The one instant, when the fault was in force, when the slave was declared dead, when its last heartbeat came."""

    def of(at_s: float, node: str, kind: str, **fields: object) -> Record:
        return record(round(at_s * SECOND), node, kind, fields)

    run = of(0, RUNNER, "run", backend="mininet", speed=10.0)
    fault = of(fault_s, RUNNER, "fault", id="dies", phase="begin", value=msgspec.to_builtins(DEAD), fault="power-off")
    dead = of(dead_s, MASTER, "host-state", host=SLAVE, to="hostDown", because="silent")
    told = [run, fault, dead, of(60, RUNNER, "end", because="over")]
    if heartbeat_s is not None:
        said = {"id": "dies", "sender": SLAVE, "receiver": MASTER, "network": "A"}
        told.append(of(60, RUNNER, "last-heartbeat", **said, arrived_ns=round(heartbeat_s * SECOND)))
    (detail,) = CHECKER.check(History.ordered(told), SCENARIO).details
    return detail


def test_an_instant_counts_from_the_last_heartbeat_and_not_from_the_fault() -> None:
    found = measured(30.16, 48.02, heartbeat_s=30.01)
    assert found.verdict == "holds" and found.measured_s == 18.01
    assert found.deviation_s == pytest.approx(0.01)
    assert found.because.startswith("18.010 s after the last heartbeat of host-98 to host-99, published 18 s")
    assert measured(30.16, 48.02, heartbeat_s=None).deviation_s == pytest.approx(-0.14)


def test_a_fault_at_any_moment_between_two_heartbeats_is_as_good() -> None:
    """One set off by hand, or a host whose heartbeats lie elsewhere on the clock."""
    assert measured(30.9, 48.02, heartbeat_s=30.01).deviation_s == pytest.approx(0.01)
    assert measured(30.9, 48.92, heartbeat_s=30.01).verdict == "violated"


def test_a_heartbeat_that_was_late_and_met_the_fault_is_no_fault_of_the_master() -> None:
    """The heartbeat of second 30 did not get out, so the silence began a second earlier."""
    found = measured(30.16, 47.01, heartbeat_s=29.01)
    assert found.verdict == "holds" and found.deviation_s == pytest.approx(0.0)


def test_what_happens_while_the_fault_comes_into_force_counts_as_after_it() -> None:
    """A host that is reached again first answers before the last of the links is whole."""
    whole = Instant(name="back", record={"kind": "link"}, expected_s=(0, 2), after="dies.end")
    scenario = msgspec.structs.replace(SCENARIO, expect=Expectations(instant=(whole,)))
    fault = {"id": "dies", "value": msgspec.to_builtins(DEAD), "fault": "power-off"}
    told = [
        record(0, RUNNER, "run", {"backend": "mininet", "speed": 10.0}),
        record(30 * SECOND, RUNNER, "fault", {**fault, "phase": "begin"}),
        record(49 * SECOND, MASTER, "link", {"peer": SLAVE, "network": "A", "from": "up", "to": "down"}),
        record(50 * SECOND, MASTER, "link", {"peer": SLAVE, "network": "A", "from": "down", "to": "up"}),
        record(round(50.1 * SECOND), RUNNER, "fault", {**fault, "phase": "end", "asked_ns": round(49.9 * SECOND)}),
        record(60 * SECOND, RUNNER, "end", {"because": "over"}),
    ]
    (detail,) = CHECKER.check(History.ordered(told), scenario).details
    assert detail.verdict == "holds"
    assert detail.measured_s == pytest.approx(-0.1)
