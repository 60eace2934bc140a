"""The hypervisor in virtual time: VMs under their locks, the agent's watchdog, heartbeats, files, storage trouble."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import PoweronFile
from herzschlag.agents.hypervisor.api import InjectVm, SetWatchdog
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.settings import SECOND, ClusterConfig, Timers, VmConfig
from herzschlag.agents.states import DatastoreAccess
from tests.unit.agents.hypervisor.harness import World, ordered

V, N = "vmfs-1", "nfs-1"
VM = VmConfig(name="vm-1", datastore=V)
POWERON = layout.poweron_path("c", "host-98")


def started(world: World, moid: str, vm: VmConfig = VM, order: int = 1) -> None:
    world[moid].call(actions.PowerOn(ordered(order), vm, ()))
    assert world[moid].vm_state(vm.name) == "on"


def vm_changes(world: World, moid: str) -> list[tuple[str, bool]]:
    return [(event.state, event.asked) for event in world[moid].heard(events.VmChanged)]


def traced(world: World, moid: str, kind: str) -> list[dict[str, Any]]:
    return [fields for _, one, fields in world[moid].traces if one == kind]


# --- Power on and off -------------------------------------------------------------------------------------------------


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
    """Two masters elected at one instant count alike. The second one may succeed where the first one failed."""
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


# --- Storage trouble --------------------------------------------------------------------------------------------------


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
    assert vm_changes(world, "host-98")[-1] == ("off", True)
    assert "lock lost to host-99 while cut off" in world["host-98"].last(events.VmChanged).because
    world.advance(30)
    assert [run.host for run in world.disk(vm).runs] == ["host-98", "host-99"]


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


# --- The agent --------------------------------------------------------------------------------------------------------


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


# --- Heartbeats -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("datastore", "every_s"), [(V, 3), (N, 5)])
def test_a_living_hosts_heartbeat_is_seen_and_a_dead_ones_is_not(datastore: str, every_s: int) -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((datastore,)))
    world.advance(20)
    world["host-99"].call(actions.WatchHeartbeats("host-98", (datastore,)))
    (first,) = world["host-99"].heard(events.HeartbeatSeen)
    assert not first.moved
    world.advance(30)
    seen = world["host-99"].heard(events.HeartbeatSeen)[1:]
    assert all(one.moved for one in seen)
    assert abs(len(seen) - 30 // every_s) <= 1
    world["host-98"].power_off()
    world.advance(2)
    count = len(world["host-99"].heard(events.HeartbeatSeen))
    world.advance(60)
    assert len(world["host-99"].heard(events.HeartbeatSeen)) == count


def test_a_first_look_proves_nothing_even_when_the_host_was_watched_before() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V,)))
    watch = actions.WatchHeartbeats("host-98", (V,))
    world["host-99"].call(watch)
    world["host-99"].call(actions.UnwatchHeartbeats("host-98"))
    world.advance(10)
    world["host-99"].call(watch)
    assert [one.moved for one in world["host-99"].heard(events.HeartbeatSeen)] == [False, False]
    world["host-99"].call(actions.UnwatchHeartbeats("host-98"))
    world.advance(10)
    assert len(world["host-99"].heard(events.HeartbeatSeen)) == 2


def test_an_agent_that_is_gone_shows_no_heartbeat_though_its_host_lives() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    world["host-98"].feed(SetWatchdog(False))
    world["host-98"].kill_agent()
    world["host-99"].call(actions.WatchHeartbeats("host-98", (V, N)))
    world.advance(20)
    assert not [one for one in world["host-99"].heard(events.HeartbeatSeen) if one.moved]


def test_a_heartbeat_datastore_given_up_is_beaten_on_no_more() -> None:
    world = World("host-98", "host-99")
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    world["host-98"].call(actions.UseHeartbeatDatastores((V,)))
    world["host-99"].call(actions.WatchHeartbeats("host-98", (V, N)))
    world.advance(20)
    assert {one.datastore for one in world["host-99"].heard(events.HeartbeatSeen) if one.moved} == {V}


def test_a_heartbeat_file_that_could_not_be_locked_is_locked_when_access_returns() -> None:
    world = World("host-98")
    for datastore in (V, N):
        world.access("host-98", datastore, "apd")
    world.advance(15)
    world["host-98"].call(actions.UseHeartbeatDatastores((V, N)))
    assert world["host-98"].hypervisor.view().locks == ()
    for datastore in (V, N):
        world.access("host-98", datastore, "ok")
    world.advance(1)
    assert len(world["host-98"].hypervisor.view().locks) == 2


# --- Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("datastore", [V, N])
def test_files_come_back_as_they_were_written(datastore: str) -> None:
    world = World("host-98", "host-99")
    data = layout.encode_poweron(PoweronFile(False, ("vm-1",), 1))
    world["host-99"].call(actions.ReadFile(datastore, POWERON))
    world["host-98"].call(actions.WriteFile(datastore, POWERON, data))
    world["host-99"].call(actions.ReadFile(datastore, POWERON))
    assert [(read.status, read.data) for read in world["host-99"].heard(events.FileRead)] == [
        ("missing", b""),
        ("ok", data),
    ]
    world["host-98"].call(actions.RemoveFile(datastore, POWERON))
    world["host-99"].call(actions.ReadFile(datastore, POWERON))
    assert world["host-99"].last(events.FileRead).status == "missing"
    assert [written.status for written in world["host-98"].heard(events.FileWritten)] == ["ok", "ok"]


def test_a_damaged_file_is_called_so() -> None:
    world = World("host-98")
    world["host-98"].call(actions.WriteFile(V, POWERON, b"0\nvm-1\n#poweron"))
    world["host-98"].call(actions.ReadFile(V, POWERON))
    assert world["host-98"].last(events.FileRead) == events.FileRead(V, POWERON, "damaged", b"")


def test_a_write_under_a_lock_needs_the_lock() -> None:
    world = World("host-98")
    path = layout.protectedlist_path("c")
    write = actions.WriteFile(V, path, b"x", locked=True)
    world["host-98"].call(write)
    assert world["host-98"].last(events.FileWritten).status == "not-owner"
    world["host-98"].lock(V, path)
    world["host-98"].call(write)
    assert world["host-98"].last(events.FileWritten).status == "ok"


def test_a_locked_write_that_hung_does_not_land_on_the_next_owners_file() -> None:
    world = World("host-98", "host-99")
    path = layout.protectedlist_path("c")
    world["host-98"].lock(V, path)
    world.advance(5)
    world.access("host-98", V, "apd")
    world["host-98"].call(actions.WriteFile(V, path, b"old master", locked=True))
    world["host-99"].lock(V, path)
    world.advance(30)
    world["host-99"].call(actions.WriteFile(V, path, b"new master", locked=True))
    world.access("host-98", V, "ok")
    world.advance(30)
    assert world.datastores.content(V, path) == b"new master"
    assert world["host-98"].last(events.FileWritten).status == "lost"


def test_requests_to_a_hanging_datastore_do_not_pile_up_and_the_last_write_wins() -> None:
    world = World("host-98")
    world.access("host-98", V, "apd")
    asked = len(world.io_log)
    for number in range(50):
        world["host-98"].call(actions.WriteFile(V, POWERON, b"%d" % number))
        world["host-98"].call(actions.ReadFile(V, POWERON))
    assert len(world.io_log) - asked == 2
    world.access("host-98", V, "ok")
    assert world.datastores.content(V, POWERON) == b"49"
    assert len(world["host-98"].heard(events.FileRead)) == 1


# --- Cost -------------------------------------------------------------------------------------------------------------


def test_an_idle_host_wakes_for_its_heartbeats_alone() -> None:
    world = World("host-98")
    world.advance(3600)
    assert world.wakes <= 3600 / 3 + 3600 / 5 + 2
