"""A host that hears no other agent: its pings, and what it does with its VMs once isolated."""

from __future__ import annotations

from herzschlag.agents.datastore import layout
from herzschlag.agents.ha.roles.alone import Isolated, Solitude
from herzschlag.agents.protocol.actions import Ping, PowerOff, QueryLock, WriteFile
from herzschlag.agents.protocol.events import LockState
from herzschlag.agents.protocol.messages import Election
from tests.unit.agents.ha.scripted import GATEWAY, Machine, cluster, messages, of, records, vm

LIST = layout.protectedlist_path("lab")


def isolated() -> tuple[Machine, Isolated]:
    config = cluster(vms=(vm("web"),), isolation_response="powerOff")
    machine = Machine(config=config, vms={"web": "on"})
    return machine, Isolated(machine.parts, "a test")


def test_a_master_without_company_pings_at_once_and_isolates_after_five_seconds() -> None:
    machine = Machine()
    alone = Solitude(machine.context, probe_at_once=True)
    assert not alone.declares_isolation()
    assert [ping.address for ping in of(machine.did(), Ping)] == [GATEWAY]
    machine.at(104.9)
    assert not alone.declares_isolation()
    machine.at(105)
    assert alone.declares_isolation()


def test_an_answer_puts_isolation_off_and_an_agent_ends_the_pings() -> None:
    machine = Machine()
    alone = Solitude(machine.context, probe_at_once=True)
    alone.declares_isolation()
    machine.at(104)
    alone.address_answered()
    machine.at(108)
    assert not alone.declares_isolation()
    machine.did()
    alone.agent_heard("host-99")
    assert records(machine.did(), "isolation", phase="cancelled")


def test_the_poweron_file_says_in_line_1_that_the_host_is_isolated() -> None:
    machine, _ = isolated()
    written = [layout.decode_poweron(write.data) for write in of(machine.did(), WriteFile)]
    assert [file.isolated for file in written] == [True, True]


def test_a_vm_is_stopped_after_the_delay_if_a_master_owns_its_datastore() -> None:
    machine, one = isolated()
    machine.at(129.9)
    one.check()
    one.answered(LockState("vmfs-1", LIST, "ok", "host-99"))
    assert not of(machine.did(), PowerOff)
    machine.at(130)
    one.check()
    assert [query.datastore for query in of(machine.did(), QueryLock)] == ["vmfs-1"]
    one.answered(LockState("vmfs-1", LIST, "ok", "host-99"))
    done = machine.did()
    marker, stop = of(done, WriteFile)[0], of(done, PowerOff)[0]
    assert (marker.path, stop.vm) == (layout.marker_path("web"), "web")
    assert done.index(marker) < done.index(stop), "the marker must be there before the VM is gone"


def test_the_owners_are_looked_at_from_the_declaration_on_wherever_a_vm_is_undecided() -> None:
    """A lock watch later the host knows whether an owner is dead, though its response may be due then."""
    machine, one = isolated()
    seen = []
    for at_s in range(100, 114):
        machine.context.access["vmfs-1"] = "pdl" if at_s in (106, 107, 108, 109) else "ok"
        machine.at(at_s)
        if machine.context.now_ns >= one.due_ns():
            one.check()
        seen += [(at_s, query.datastore) for query in of(machine.did(), QueryLock)]
    assert seen == [(100, "vmfs-1"), (103, "vmfs-1"), (112, "vmfs-1")]
    one.vm_stopped("web")
    machine.at(120)
    one.check()
    assert not of(machine.did(), QueryLock)


def test_a_vm_that_no_master_owns_goes_on() -> None:
    machine, one = isolated()
    machine.at(130)
    one.check()
    one.answered(LockState("vmfs-1", LIST, "ok", ""))
    done = machine.did()
    assert not of(done, PowerOff)
    assert records(done, "isolation", phase="deferred")


def test_our_own_lock_that_is_not_released_yet_is_not_an_owner() -> None:
    machine, one = isolated()
    machine.at(130)
    one.check()
    one.answered(LockState("vmfs-1", LIST, "ok", "host-98"))
    assert not of(machine.did(), PowerOff)


def test_isolated_hosts_go_on_offering_themselves() -> None:
    machine, one = isolated()
    machine.did()
    one.tick()
    assert messages(machine.did(), Election)


def test_only_an_isolation_address_ends_isolation_by_answering() -> None:
    machine, one = isolated()
    one.ping_answered("10.1.0.1")
    assert machine.changes == []
    one.ping_answered(GATEWAY)
    assert [change.to for change in machine.changes] == ["election"]


def test_isolation_that_ends_before_its_response_says_so() -> None:
    machine, one = isolated()
    machine.did()
    one.leave("host-99 is heard")
    assert records(machine.did(), "isolation", phase="cancelled", because="host-99 is heard")


def test_nothing_is_left_to_cancel_when_the_vm_is_off() -> None:
    machine, one = isolated()
    machine.did()
    one.vm_stopped("web")
    one.leave("host-99 is heard")
    assert machine.did() == []
