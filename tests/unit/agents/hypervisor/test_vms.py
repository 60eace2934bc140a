"""VMs of a hypervisor: power, locks, orders, guests."""

from __future__ import annotations

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.hypervisor.api import InjectVm
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.settings import SECOND, Timers, VmConfig
from tests.unit.agents.hypervisor.harness import World, ordered
from tests.unit.agents.hypervisor.worlds import VM, started, traced, vm_changes

V, N = "vmfs-1", "nfs-1"


def test_a_vm_runs_under_its_lock_and_the_lock_goes_when_it_is_off() -> None:
    world = World("host-98")
    host = world["host-98"]
    started(world, "host-98")
    assert host.last(events.PowerOnDone) == events.PowerOnDone(ordered(1), "vm-1", True, "its process runs")
    assert host.holds(V, layout.vmx_path("vm-1"))
    assert world.datastores.content(V, layout.vmx_path("vm-1")) is not None
    world.advance(5)
    host.call(actions.PowerOff("vm-1", "the test says so"))
    assert host.vm_state("vm-1") == "off"
    assert not host.holds(V, layout.vmx_path("vm-1"))
    assert vm_changes(world, "host-98") == [("starting", True), ("on", True), ("stopping", True), ("off", True)]
    assert [run.count for run in world.disk(VM).runs] == [6]
    world.advance(5)
    assert [run.count for run in world.disk(VM).runs] == [6]


def test_every_change_is_traced_with_its_reason() -> None:
    world = World("host-98")
    started(world, "host-98")
    world["host-98"].call(actions.PowerOff("vm-1", "the test says so"))
    changes = traced(world, "host-98", "vm")
    assert [(c["from"], c["to"]) for c in changes] == [
        ("off", "starting"),
        ("starting", "on"),
        ("on", "stopping"),
        ("stopping", "off"),
    ]
    assert changes[0]["order"] == changes[1]["order"] == 1
    for host in world.hosts.values():
        assert all(fields["because"] for _, kind, fields in host.traces if kind != "guest")


def test_an_order_of_another_master_by_the_same_number_is_an_order_of_its_own() -> None:
    """Masters elected at one instant give the same numbers. The second one may succeed where the first one failed."""
    world = World("host-98")
    bad = VmConfig(name="vm-1", datastore=V, power_on_fails=True)
    world["host-98"].call(actions.PowerOn(ordered(1, by="host-99"), bad, ()))
    world["host-98"].call(actions.PowerOn(ordered(1, by="host-100"), VM, ()))
    assert [(done.order.by, done.ok) for done in world["host-98"].heard(events.PowerOnDone)] == [
        ("host-99", False),
        ("host-100", True),
    ]
    assert world["host-98"].vm_state("vm-1") == "on"


def test_a_repeated_order_starts_nothing_new_and_is_answered_again() -> None:
    """The master repeats an order until the answer gets through."""
    world = World("host-98")
    slow = VmConfig(name="vm-1", datastore=V, power_on_s=3)
    for _ in range(3):
        world["host-98"].call(actions.PowerOn(ordered(1), slow, ()))
        world.advance(0.5)
    assert world["host-98"].heard(events.PowerOnDone) == []
    world.advance(3)
    world["host-98"].call(actions.PowerOn(ordered(1), slow, ()))
    assert [done.ok for done in world["host-98"].heard(events.PowerOnDone)] == [True, True]
    assert len(world["host-98"].vms) == 1


def test_another_order_for_a_vm_that_runs_here_is_refused() -> None:
    world = World("host-98")
    started(world, "host-98")
    world["host-98"].call(actions.PowerOn(ordered(2), VM, ()))
    done = world["host-98"].last(events.PowerOnDone)
    assert (done.order, done.ok) == (ordered(2), False)
    assert "is on on host-98 already" in done.because
    assert world["host-98"].vm_state("vm-1") == "on"


@pytest.mark.parametrize("datastore", [V, N])
def test_a_vm_that_runs_on_a_living_host_does_not_start_elsewhere(datastore: str) -> None:
    """The lock is the last guard against two writers (fact sheet 5 [OLD-API])."""
    world = World("host-98", "host-99")
    vm = VmConfig(name="vm-1", datastore=datastore)
    started(world, "host-98", vm)
    world["host-99"].call(actions.PowerOn(ordered(2), vm, ()))
    world.advance(40)
    done = world["host-99"].last(events.PowerOnDone)
    assert not done.ok
    assert "host-98" in done.because
    assert vm_changes(world, "host-99") == [("starting", True), ("off", True)]
    assert [run.host for run in world.disk(vm).runs] == ["host-98"]


def test_a_dead_hosts_vm_starts_elsewhere_once_its_heartbeat_stood_still() -> None:
    """Without the wait, a host that is only slow would get a second writer on its disks."""
    world = World("host-98", "host-99")
    started(world, "host-98")
    world.advance(10)
    world["host-98"].power_off()
    world["host-99"].call(actions.PowerOn(ordered(2), VM, ()))
    world.advance(15.9)
    assert world["host-99"].vm_state("vm-1") == "starting"
    world.advance(0.2)
    assert world["host-99"].vm_state("vm-1") == "on"
    assert world["host-99"].last(events.PowerOnDone).ok
    world.advance(5)
    assert [run.host for run in world.disk(VM).runs] == ["host-98", "host-99"]


def test_power_on_takes_the_time_it_takes_scaled_by_speed() -> None:
    world = World("host-98", timers=Timers().at_speed(10))
    world["host-98"].power_off()
    world["host-98"].power_on(second_ns=SECOND // 10)
    world["host-98"].call(actions.PowerOn(ordered(1), VmConfig(name="vm-1", datastore=V, power_on_s=20), ()))
    world.advance(1.9)
    assert world["host-98"].vm_state("vm-1") == "starting"
    world.advance(0.2)
    assert world["host-98"].vm_state("vm-1") == "on"


def test_a_power_on_that_fails_gives_the_lock_back() -> None:
    world = World("host-98", "host-99")
    bad = VmConfig(name="vm-1", datastore=V, power_on_fails=True, power_on_s=2)
    world["host-98"].call(actions.PowerOn(ordered(1), bad, ()))
    world.advance(3)
    assert not world["host-98"].last(events.PowerOnDone).ok
    assert "power_on_fails" in world["host-98"].last(events.PowerOnDone).because
    started(world, "host-99", order=2)


def test_a_datastore_that_is_not_mounted_is_named() -> None:
    world = World("host-98")
    world["host-98"].call(actions.PowerOn(ordered(1), VmConfig(name="vm-1", datastore="vmfs-9"), ()))
    assert "vmfs-9 is not mounted on host-98" in world["host-98"].last(events.PowerOnDone).because
    world["host-98"].call(actions.Lock("vmfs-9", "x"))
    assert "vmfs-9 is not mounted" in world["host-98"].last(events.LockChanged).because


def test_powering_off_a_starting_vm_ends_its_task() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.PowerOn(ordered(1), VmConfig(name="vm-1", datastore=V, power_on_s=5), ()))
    world.advance(1)
    world["host-98"].call(actions.PowerOff("vm-1", "changed its mind"))
    world.advance(10)
    assert world["host-98"].vm_state("vm-1") == "off"
    assert not world["host-98"].last(events.PowerOnDone).ok
    started(world, "host-99", order=2)


def test_a_crash_is_not_asked_for_and_frees_the_lock() -> None:
    """`asked=False` is what lets HA restart it."""
    world = World("host-98", "host-99")
    started(world, "host-98")
    world.advance(3)
    world["host-98"].feed(InjectVm("vm-1", "crash"))
    assert vm_changes(world, "host-98")[-1] == ("off", False)
    started(world, "host-99", order=2)


def test_a_guest_shuts_down_in_its_own_time() -> None:
    world = World("host-98")
    started(world, "host-98", VmConfig(name="vm-1", datastore=V, guest_shutdown_s=10))
    world["host-98"].call(actions.ShutDownGuest("vm-1", "isolated"))
    world.advance(9.9)
    assert world["host-98"].vm_state("vm-1") == "stopping"
    world.advance(0.2)
    assert vm_changes(world, "host-98")[-1] == ("off", True)


def test_a_guest_that_hangs_needs_a_power_off() -> None:
    world = World("host-98")
    started(world, "host-98", VmConfig(name="vm-1", datastore=V, guest_shutdown_s=None))
    world["host-98"].call(actions.ShutDownGuest("vm-1", "isolated"))
    world.advance(299)
    assert world["host-98"].vm_state("vm-1") == "stopping"
    world["host-98"].call(actions.PowerOff("vm-1", "the grace is over"))
    assert vm_changes(world, "host-98")[-1] == ("off", True)


def test_without_tools_a_shutdown_is_a_power_off() -> None:
    world = World("host-98")
    started(world, "host-98", VmConfig(name="vm-1", datastore=V, tools=False))
    world["host-98"].call(actions.ShutDownGuest("vm-1", "isolated"))
    assert world["host-98"].vm_state("vm-1") == "off"


def test_a_reset_revives_a_hung_guest_under_the_same_lock() -> None:
    world = World("host-98")
    started(world, "host-98")
    world.advance(2)
    world["host-98"].feed(InjectVm("vm-1", "hang"))
    assert world["host-98"].hypervisor.view().silent_vms == ("vm-1",)
    world.advance(50)
    world["host-98"].call(actions.ResetVm("vm-1", "no guest heartbeat"))
    world.advance(2)
    assert world["host-98"].hypervisor.view().silent_vms == ()
    assert world["host-98"].vm_state("vm-1") == "on"
    runs = world.disk(VM).runs
    assert [run.host for run in runs] == ["host-98", "host-98"]
    assert runs[1].first_at_ns == 52 * SECOND
    assert runs[0].life != runs[1].life
