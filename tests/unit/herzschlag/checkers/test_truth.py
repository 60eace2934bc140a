"""The truth of one run is made once for all who ask, and never that of another run."""

from __future__ import annotations

import msgspec

from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import FOREVER, Truth
from herzschlag.faults import CrashAgent, Fault, PowerOff, kind_of
from herzschlag.faults import primitives as p
from herzschlag.history.records import History, Record
from herzschlag.scenarios.model import Cluster, Scenario

SCENARIO = Scenario(name="one", title="one", cluster=Cluster(hosts=3))


def history(end_ns: int) -> History:
    return History([Record(end_ns, 0, "host-98", "role", {"to": "slave", "master": "host-99"})])


def test_who_asks_again_gets_the_same() -> None:
    run = history(5)
    assert Truth.of(run, SCENARIO) is Truth.of(run, SCENARIO)


def test_another_run_has_its_own() -> None:
    first, second = history(5), history(7)
    assert Truth.of(first, SCENARIO).end_ns == 5
    assert Truth.of(second, SCENARIO).end_ns == 7
    assert Truth.of(first, SCENARIO).end_ns == 5


def test_the_same_records_under_another_scenario_have_their_own() -> None:
    run = history(5)
    wide = Scenario(name="two", title="two", cluster=Cluster(hosts=5))
    assert len(Truth.of(run, SCENARIO).lab.moids) == 3
    assert len(Truth.of(run, wide).lab.moids) == 5


def test_hosts_that_reach_each_other_on_a_network_that_their_system_does_not_use_have_lost_each_other() -> None:
    cut = frozenset({p.PortDown("A", "host-98")})
    for system, linked in (("keepalived", False), ("corosync", True), ("", True)):
        scenario = Scenario(name="one", title="one", cluster=Cluster(hosts=3, system=system))
        truth = Truth.of(history(5), scenario)
        assert truth.linked("host-98", "host-99", Segment(0, 5, cut)) is linked
        assert truth.hears("host-98", "host-99", Segment(0, 5, cut)) is linked


def begun(seq: int, at_ns: int, fault: Fault) -> Record:
    value = msgspec.to_builtins(fault)
    fields = {"id": str(seq), "phase": "begin", "fault": kind_of(fault), "value": value}
    return Record(at_ns, seq, "herzschlag", "fault", fields)


def ended(seq: int, at_ns: int, begin: int) -> Record:
    return Record(at_ns, seq, "herzschlag", "fault", {"id": str(begin), "phase": "end"})


def elects(seq: int, at_ns: int) -> Record:
    return Record(at_ns, seq, "host-98", "role", {"to": "election", "master": ""})


def test_a_death_of_an_agent_counts_only_where_it_is_asked_for() -> None:
    """The locks of VMs outlive the agent, not its host's power."""
    run = History([begun(0, 3, CrashAgent(host="host-98")), begun(1, 9, PowerOff(host="host-98"))])
    truth = Truth.of(run, SCENARIO)
    assert truth.next_death_ns("host-98", 2, of_agent=True) == 3
    assert truth.next_death_ns("host-98", 2, of_agent=False) == 9
    assert truth.next_death_ns("host-98", 9, of_agent=True) == 9
    assert truth.next_death_ns("host-98", 10, of_agent=True) == FOREVER
    assert truth.next_death_ns("host-99", 2, of_agent=True) == FOREVER


def test_an_agent_that_is_killed_in_the_instant_of_its_boot_is_dead() -> None:
    off, kill = PowerOff(host="host-98"), CrashAgent(host="host-98", watchdog=False)
    run = History([begun(0, 3, off), ended(1, 9, 0), elects(2, 9), begun(3, 9, kill), ended(4, 20, 3)])
    truth = Truth.of(run, SCENARIO)
    assert not truth.agent_works("host-98", truth.segment_at(10))
    assert truth.role("host-98", 10) == "uninitialized"


def test_an_agent_that_was_killed_just_before_its_boot_lives() -> None:
    off, kill = PowerOff(host="host-98"), CrashAgent(host="host-98", watchdog=False)
    run = History([begun(0, 3, off), begun(1, 9, kill), ended(2, 9, 0), elects(3, 9), ended(4, 20, 1)])
    truth = Truth.of(run, SCENARIO)
    assert truth.agent_works("host-98", truth.segment_at(10))
    assert truth.role("host-98", 10) == "election"
