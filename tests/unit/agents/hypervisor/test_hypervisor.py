"""The hypervisor: trouble with storage, its agent, and what it costs at rest."""

from __future__ import annotations

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.hypervisor.api import InjectVm, SetWatchdog
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.settings import SECOND, ClusterConfig, VmConfig
from herzschlag.agents.states import DatastoreAccess
from tests.unit.agents.hypervisor.harness import World, ordered
from tests.unit.agents.hypervisor.worlds import VM, started, vm_changes

V, N = "vmfs-1", "nfs-1"

# --- Storage trouble -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("access", ["apd", "pdl"])
@pytest.mark.parametrize("datastore", [V, N])
def test_lost_access_is_told_and_so_is_its_return(datastore: str, access: DatastoreAccess) -> None:
    world = World("host-98")
    world.advance(10.5)
    world.access("host-98", datastore, access)
    world.advance(5 + 8 + 0.1)  # The next look at the datastore, and the limit of one I/O.
    (lost,) = world["host-98"].heard(events.DatastoreChanged)
    assert (lost.datastore, lost.access) == (datastore, access)
    assert lost.since_ns == (12 if datastore == V else 15) * SECOND
    world.access("host-98", datastore, "ok")
    world.advance(1.1)
    assert [one.access for one in world["host-98"].heard(events.DatastoreChanged)] == [access, "ok"]


def test_an_agent_started_again_is_told_what_does_not_work() -> None:
    world = World("host-98")
    started(world, "host-98", VmConfig(name="vm-1", datastore=N))
    world["host-98"].feed(InjectVm("vm-1", "hang"))
    world.access("host-98", V, "apd")
    world.advance(20)
    world["host-98"].kill_agent()
    world["host-98"].told.clear()
    world.advance(3)
    boot, datastore, guest = [event for _, event in world["host-98"].told]
    assert isinstance(boot, events.Boot)
    assert isinstance(datastore, events.DatastoreChanged)
    assert boot.datastores == {V: "apd", N: "ok"}
    assert (datastore.access, datastore.since_ns) == ("apd", 3 * SECOND)
    assert guest == events.GuestChanged("vm-1", True)


def test_a_volume_without_a_heartbeat_for_16_s_is_offline() -> None:
    world = World("host-98")
    world.advance(9.5)
    world.access("host-98", V, "apd")
    world.advance(30)
    offline = [at for at, kind, fields in world["host-98"].traces if kind == "slot" and fields["to"] == "offline"]
    assert offline == [(9 + 16) * SECOND]


def test_a_vm_can_be_powered_off_while_its_datastore_hangs() -> None:
    world = World("host-98", "host-99")
    started(world, "host-98")
    world.access("host-98", V, "apd")
    world.advance(20)
    world["host-98"].call(actions.PowerOff("vm-1", "isolated"))
    assert vm_changes(world, "host-98")[-1] == ("off", True)
    world.access("host-98", V, "ok")
    world.advance(1)
    started(world, "host-99", order=2)


def test_a_vm_goes_on_after_a_short_cut_and_loses_no_write() -> None:
    world = World("host-98")
    started(world, "host-98")
    world.advance(5.5)
    world.access("host-98", V, "apd")
    world.advance(14)
    world.access("host-98", V, "ok")
    world.advance(10)
    (run,) = world.disk(VM).runs
    assert run.last_at_ns > 28 * SECOND
    assert world["host-98"].vm_state("vm-1") == "on"


@pytest.mark.parametrize(("datastore", "dark_s"), [(V, 40), (N, 60)])
def test_the_old_copy_is_killed_before_it_can_write_when_storage_is_back(datastore: str, dark_s: float) -> None:
    """Fact sheet 7.9: the copy whose lock was taken over goes as soon as storage is back; no write slips through."""
    world = World("host-98", "host-99")
    vm = VmConfig(name="vm-1", datastore=datastore)
    started(world, "host-98", vm)
    world.advance(20)
    world.access("host-98", datastore, "apd")
    world["host-99"].call(actions.PowerOn(ordered(2), vm, ()))
    world.advance(dark_s)
    assert world["host-99"].vm_state("vm-1") == world["host-98"].vm_state("vm-1") == "on"
    world.access("host-98", datastore, "ok")
    world.advance(0.1)
    assert world["host-98"].vm_state("vm-1") == "off"
    assert vm_changes(world, "host-98")[-1] == ("off", False), "no user asked for it: the other host may have failed"
    assert "lock lost to host-99 while cut off" in world["host-98"].last(events.VmChanged).because
    world.advance(30)
    assert [run.host for run in world.disk(vm).runs] == ["host-98", "host-99"]


def test_a_vm_whose_lost_lock_no_host_holds_is_to_run_again() -> None:
    """Another host ran it meanwhile, and stopped it, as an isolated host does."""
    world = World("host-98", "host-99")
    started(world, "host-98")
    world.access("host-98", V, "apd")
    world.advance(20)
    world["host-99"].call(actions.PowerOn(ordered(2), VM, ()))
    world.advance(20)
    world["host-99"].call(actions.PowerOff("vm-1", "isolated"))
    world.access("host-98", V, "ok")
    world.advance(1)
    assert vm_changes(world, "host-98")[-1] == ("off", False)
    assert "while cut off" in world["host-98"].last(events.VmChanged).because


def test_a_thawed_hosts_vm_does_not_write_over_its_successor() -> None:
    world = World("host-98", "host-99")
    started(world, "host-98")
    world.advance(5)
    world["host-98"].frozen = True
    world["host-99"].call(actions.PowerOn(ordered(2), VM, ()))
    world.advance(60)
    world["host-98"].frozen = False
    world.advance(20)
    assert world["host-98"].vm_state("vm-1") == "off"
    assert [run.host for run in world.disk(VM).runs] == ["host-98", "host-99"]


def frozen_during_a_power_on(slow: VmConfig) -> World:
    """Of host-98, after one of the seconds that it takes."""
    world = World("host-98", "host-99")
    world["host-98"].call(actions.PowerOn(ordered(1), slow, ()))
    world.advance(1)
    world["host-98"].frozen = True
    return world


def test_a_host_that_stood_still_during_a_power_on_looks_at_the_lock_before_the_vm_starts() -> None:
    """The time that the power-on takes is over when the host thaws, and another host has broken the lock."""
    slow = VmConfig(name="vm-1", datastore=V, power_on_s=2)
    world = frozen_during_a_power_on(slow)
    world["host-99"].call(actions.PowerOn(ordered(2), slow, ()))
    world.advance(40)
    assert world["host-99"].vm_state("vm-1") == "on"
    world["host-98"].frozen = False
    world.advance(20)
    assert vm_changes(world, "host-98") == [("starting", True), ("off", True)]
    assert "lock lost to host-99" in world["host-98"].last(events.PowerOnDone).because
    assert [run.host for run in world.disk(slow).runs] == ["host-99"]


def test_a_host_that_stood_still_during_a_power_on_goes_on_where_no_other_took_the_vm() -> None:
    slow = VmConfig(name="vm-1", datastore=V, power_on_s=2)
    world = frozen_during_a_power_on(slow)
    world.advance(40)
    world["host-98"].frozen = False
    world.advance(1)
    assert world["host-98"].vm_state("vm-1") == "on"
    assert world["host-98"].last(events.PowerOnDone).ok


def test_a_power_on_whose_datastore_begins_to_hang_fails() -> None:
    world = World("host-98", "host-99")
    started(world, "host-99", order=5)
    world.access("host-98", V, "apd")
    world["host-98"].call(actions.PowerOn(ordered(1), VM, ()))
    world.advance(12)
    done = world["host-98"].last(events.PowerOnDone)
    assert not done.ok
    world.access("host-98", V, "ok")
    world.advance(60)
    assert world["host-98"].vm_state("vm-1") == "off"
    assert world["host-99"].vm_state("vm-1") == "on"


# --- The agent -------------------------------------------------------------------------------------------------------


def test_the_watchdog_starts_a_dead_agent_again_and_vms_go_on() -> None:
    world = World("host-98")
    started(world, "host-98")
    world["host-98"].kill_agent()
    assert not world["host-98"].hypervisor.view().agent
    world.advance(1.9)
    assert len(world["host-98"].heard(events.Boot)) == 1
    world.advance(0.2)
    first, second = world["host-98"].heard(events.Boot)
    assert second.boot > first.boot
    assert second.vms == {"vm-1": "on"}


def test_a_switched_off_watchdog_leaves_the_agent_down_until_it_is_on_again() -> None:
    world = World("host-98")
    world["host-98"].feed(SetWatchdog(False))
    world["host-98"].kill_agent()
    world.advance(60)
    assert len(world["host-98"].heard(events.Boot)) == 1
    world["host-98"].feed(SetWatchdog(True))
    world.advance(2.1)
    assert len(world["host-98"].heard(events.Boot)) == 2


def test_a_later_life_of_a_host_has_a_greater_agent_boot_and_its_stored_configuration() -> None:
    world = World("host-98")
    config = ClusterConfig(name="c", generation=3, hosts=(), vcenter_addresses={}, datastores=())
    world["host-98"].call(actions.KeepConfig(config))
    for _ in range(3):
        world["host-98"].kill_agent()
        world.advance(3)
    world["host-98"].power_off()
    world["host-98"].power_on()
    boots = world["host-98"].heard(events.Boot)
    assert [boot.boot for boot in boots] == sorted({boot.boot for boot in boots})
    assert [boot.config for boot in boots] == [None, config, config, config, config]


def test_a_dead_agents_locks_are_free_and_its_vms_locks_are_not() -> None:
    world = World("host-98", "host-99")
    started(world, "host-98")
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    world["host-98"].lock(N, layout.protectedlist_path("c"))
    world["host-98"].feed(SetWatchdog(False))
    world["host-98"].kill_agent()
    assert world["host-98"].hypervisor.view().locks == ((V, layout.vmx_path("vm-1")),)
    world["host-99"].lock(N, layout.protectedlist_path("c"))
    assert world["host-99"].last(events.LockChanged).held


# --- Cost ------------------------------------------------------------------------------------------------------------


def test_an_idle_host_wakes_for_its_heartbeats_alone() -> None:
    world = World("host-98")
    world.advance(3600)
    assert world.wakes <= 3600 / 3 + 3600 / 5 + 2
