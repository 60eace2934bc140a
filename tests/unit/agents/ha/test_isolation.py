"""A host's isolation: when it declares itself isolated, and when it stops its VMs then (fact sheet 1.3, 1.4, 6)."""

from herzschlag.agents.ha.isolation import IsolationProbe
from herzschlag.agents.ha.roles.isolation_response import IsolationResponse
from herzschlag.agents.settings import NEVER_NS, SECOND, ClusterConfig, HostConfig, Timers, VmConfig
from herzschlag.agents.states import DatastoreAccess

VM = VmConfig(name="vm-1", datastore="vmfs-1", isolation_response="powerOff")


def test_master_is_isolated_five_seconds_after_the_last_sign_of_life() -> None:
    probe = IsolationProbe(Timers(), since_ns=0, probe_at_once=False)
    assert not probe.ping_due(SECOND)
    assert probe.ping_due(int(1.5 * SECOND))
    assert not probe.isolated(5 * SECOND - 1)
    assert probe.isolated(5 * SECOND)


def test_answer_of_an_isolation_address_puts_isolation_off() -> None:
    probe = IsolationProbe(Timers(), since_ns=0, probe_at_once=True)
    assert probe.ping_due(0)
    probe.answered(4 * SECOND)
    assert not probe.isolated(8 * SECOND)
    assert probe.isolated(9 * SECOND)


def response(*vms: VmConfig, access: DatastoreAccess = "ok", timers: Timers | None = None) -> IsolationResponse:
    config = ClusterConfig(
        name="lab",
        generation=1,
        hosts=(HostConfig(moid="host-98", addresses={}),),
        vcenter_addresses={},
        datastores=(),
        vms=vms,
    )
    return IsolationResponse(timers or Timers(), config, [v.name for v in vms], lambda _: access, declared_ns=0)


def test_response_comes_thirty_seconds_after_the_declaration() -> None:
    r = response(VM)
    assert r.due_ns() == 30 * SECOND
    assert r.check(29 * SECOND) == []
    assert [o.do for o in r.check(30 * SECOND)] == ["query-owner"]


def test_vm_is_stopped_only_while_a_master_owns_its_datastore() -> None:
    """Otherwise no host could restart it: with all hosts isolated nothing is powered off (case 11)."""
    r = response(VM)
    r.check(30 * SECOND)
    assert [o.do for o in r.owner("vmfs-1", "", False, 30 * SECOND)] == ["defer"]
    assert r.active()
    again_ns = r.due_ns()
    assert again_ns is not None
    r.check(again_ns)
    (order,) = r.owner("vmfs-1", "host-99", False, again_ns)
    assert (order.do, order.marker) == ("power-off", True)


def test_deferring_is_told_once_however_often_the_owner_is_asked_for() -> None:
    r = response(VM)
    told = []
    for _ in range(5):
        due_ns = r.due_ns()
        assert due_ns is not None
        assert [o.do for o in r.check(due_ns)] == ["query-owner"]
        told += r.owner("vmfs-1", "", False, due_ns)
    assert [o.do for o in told] == ["defer"]


def test_vm_on_an_unreachable_datastore_is_stopped_without_asking() -> None:
    (order,) = response(VM, access="apd").check(30 * SECOND)
    assert (order.do, order.marker) == ("power-off", False)


def test_hanging_guest_is_powered_off_after_its_grace() -> None:
    """Case 8."""
    r = response(VmConfig(name="vm-1", datastore="vmfs-1", isolation_response="shutdown"))
    r.check(30 * SECOND)
    assert [o.do for o in r.owner("vmfs-1", "host-99", False, 30 * SECOND)] == ["shut-down"]
    assert r.check(329 * SECOND) == []
    assert [o.do for o in r.check(330 * SECOND)] == ["power-off"]


def test_disabled_priority_and_response_none_leave_the_vm_alone() -> None:
    r = response(
        VmConfig(name="vm-1", datastore="vmfs-1", isolation_response="powerOff", priority="disabled"),
        VmConfig(name="vm-2", datastore="vmfs-1"),
    )
    assert r.due_ns() == NEVER_NS


def test_a_host_that_stood_still_looks_again_before_it_stops_a_vm() -> None:
    """Its storage and its neighbours may be back: it waits as long as it takes to find isolation."""
    r = response(VM, access="apd")
    r.clock_leapt(40 * SECOND)
    assert r.check(44 * SECOND) == []
    assert [o.do for o in r.check(45 * SECOND)] == ["power-off"]
    r.clock_leapt(60 * SECOND)
    assert not r.active(), "what is stopped is stopped"


def test_an_answer_from_before_it_stood_still_does_not_count() -> None:
    r = response(VM)
    assert [o.do for o in r.check(30 * SECOND)] == ["query-owner"]
    r.clock_leapt(50 * SECOND)
    assert r.owner("vmfs-1", "host-99", False, 50 * SECOND) == []
    assert [o.do for o in r.check(55 * SECOND)] == ["query-owner"]
    assert [o.do for o in r.owner("vmfs-1", "host-99", False, 55 * SECOND)] == ["power-off"]


def test_a_response_that_is_not_due_yet_keeps_its_time() -> None:
    r = response(VM)
    r.clock_leapt(2 * SECOND)
    assert r.due_ns() == 30 * SECOND
