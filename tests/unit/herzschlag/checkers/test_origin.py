"""What an instant counts from, with records made by hand."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from herzschlag.checkers.origin import Origin, origin_of
from herzschlag.checkers.truth import Truth
from herzschlag.faults import CrashAgent, CutPair, Fault, Freeze, Isolate, NetworkDown, PowerOff, Storage
from herzschlag.history.records import RUNNER, SECOND, History, Record, record
from herzschlag.scenarios.model import Cluster, Scenario, Step

MASTER, SLAVE, OTHER = "host-99", "host-98", "host-100"
FAULT_S = 30.15
"""At speed 10, a fault in force 15 ms of real time after a heartbeat."""

Beat = tuple[str, str, float] | tuple[str, str, float, str]
BEATS: tuple[Beat, ...] = (
    (SLAVE, MASTER, 30.01),
    (MASTER, SLAVE, 30.02),
    (MASTER, OTHER, 30.03),
    (OTHER, MASTER, 30.04),
)
"""Sender, receiver, second of the last heartbeat before the fault; then its network, where it is not A."""


def counted(
    fault: Fault,
    node: str,
    *,
    host: str = "",
    beats: Iterable[Beat] = BEATS,
    phase: str = "begin",
    earlier: str = "",
    link: tuple[str, str] | None = None,
) -> Origin:
    """Where a record of that node counts from, after that phase of the fault. `earlier`: a host that was off before.
    `link`: peer and network, where the record is about a link."""
    steps = [(FAULT_S, "fault", fault, "begin")]
    if phase == "end":
        steps.append((60.0, "fault", fault, "end"))
    if earlier:
        steps.insert(0, (20.0, "before", PowerOff(host=earlier), "begin"))
    told = [_fault(*step) for step in steps]
    told += [
        record(
            90 * SECOND,
            RUNNER,
            "last-heartbeat",
            {"id": "fault", "sender": a, "receiver": b, "network": net, "arrived_ns": round(at_s * SECOND)},
        )
        for a, b, at_s, net in ((*beat, "A") if len(beat) == 3 else beat for beat in beats)
    ]
    fields = {"to": "x", "because": "x"} | ({"host": host} if host else {})
    if link is not None:
        fields |= {"peer": link[0], "network": link[1]}
    told.append(record(70 * SECOND, node, "host-state", fields))
    history = History.ordered(told)
    scenario = Scenario(name="t", title="t", cluster=Cluster(hosts=3), steps=(Step(at_s=0, id="fault", fault=fault),))
    moment = history.where("fault", id="fault", phase=phase)[0]
    return origin_of(moment, history.of_kind("host-state")[0], Truth(history, scenario), 10.0)


def _fault(at_s: float, name: str, fault: Fault, phase: str) -> Record:
    at_ns = round(at_s * SECOND)
    fields = {
        "id": name,
        "phase": phase,
        "value": msgspec.to_builtins(fault),
        "asked_ns": at_ns - SECOND // 50,
        "took_ns": 1000,
    }
    return record(at_ns, RUNNER, "fault", fields)


def second(origin: Origin) -> float:
    return origin.at_ns / SECOND


@pytest.mark.parametrize(
    "fault", [PowerOff(host=SLAVE), Freeze(host=SLAVE), CrashAgent(host=SLAVE, watchdog=False), Isolate(host=SLAVE)]
)
def test_a_master_counts_from_the_last_heartbeat_of_the_slave_that_it_lost(fault: Fault) -> None:
    found = counted(fault, MASTER, host=SLAVE)
    assert (second(found), found.earlier_s, found.later_s) == (30.01, 0.0, 0.0)
    assert found.words == " after the last heartbeat of host-98 to host-99"


def test_an_isolated_slave_counts_from_the_last_heartbeat_of_its_master() -> None:
    assert second(counted(Isolate(host=SLAVE), SLAVE)) == 30.02


def test_a_node_that_was_given_none_counts_from_the_last_of_those_that_were_stopped() -> None:
    """vCenter, or a host that a VM is restarted on."""
    assert second(counted(PowerOff(host=SLAVE), "vcenter", host=SLAVE)) == 30.02
    assert second(counted(PowerOff(host=OTHER), SLAVE)) == 30.04


def test_heartbeats_that_went_on_do_not_count() -> None:
    """The master goes on hearing the other slave, whose heartbeat came later."""
    assert second(counted(PowerOff(host=SLAVE), MASTER)) == 30.01
    assert second(counted(CutPair(a=SLAVE, b=MASTER, networks="A"), MASTER, host=SLAVE)) == 30.01


def test_a_fault_that_stops_no_heartbeat_is_counted_from_itself() -> None:
    storage = Storage(host=SLAVE, datastore="vmfs-1", access="apd")
    for found in (counted(storage, MASTER, host=SLAVE), counted(PowerOff(host=SLAVE), MASTER, phase="end")):
        assert found.heartbeat is None and found.words == ""
    assert second(counted(storage, MASTER)) == FAULT_S
    assert second(counted(NetworkDown(networks="A"), MASTER, host=SLAVE)) == 30.01, "on one network they stop"


def test_without_a_capture_an_instant_counts_from_any_moment_of_the_fault() -> None:
    found = counted(PowerOff(host=SLAVE), MASTER, host=SLAVE, beats=())
    assert (second(found), round(found.earlier_s, 6), round(found.later_s, 6)) == (FAULT_S, 0.02, 1e-05)


def test_what_was_silent_before_does_not_count() -> None:
    """The other slave was off already: the last heartbeat by its name is none that this fault stopped."""
    found = counted(
        Isolate(host=MASTER), MASTER, host=OTHER, beats=((SLAVE, MASTER, 30.01), (OTHER, MASTER, 30.04)), earlier=OTHER
    )
    assert second(found) == 30.01


def test_an_opinion_of_a_link_counts_from_the_last_packet_on_its_own_network() -> None:
    beats = ((SLAVE, MASTER, 30.01), (SLAVE, MASTER, 30.05, "B"), (OTHER, MASTER, 30.04))
    for network, at_s in (("A", 30.01), ("B", 30.05)):
        assert second(counted(Isolate(host=SLAVE), MASTER, beats=beats, link=(SLAVE, network))) == at_s
