"""The hypervisor: VMs under their locks, the agent's watchdog, and storage trouble, in virtual time."""

from __future__ import annotations

from agents import actions, events
from agents.settings import SECOND, VmConfig
from tests.unit.agents.datastore.harness import World

VM = VmConfig(name="vm-1", datastore="vmfs-1")


def started(world: World, moid: str, vm: VmConfig = VM, order: int = 1) -> None:
    world[moid].call(actions.PowerOn(order, vm, ()))
    assert world[moid].vm_state(vm.name) == "on"


def test_a_dead_hosts_vm_starts_elsewhere_once_its_heartbeat_stood_still() -> None:
    """Without the wait, a host that is only slow would get a second writer on its disks."""
    world = World("host-98", "host-99")
    started(world, "host-98")
    world.advance(10)
    world["host-98"].power_off()
    world["host-99"].call(actions.PowerOn(2, VM, ()))
    world.advance(15.9)
    assert world["host-99"].vm_state("vm-1") == "starting"
    world.advance(0.2)
    assert world["host-99"].vm_state("vm-1") == "on"
    assert world["host-99"].last(events.PowerOnDone).ok
    world.advance(5)
    assert [run.host for run in world.disk(VM).runs] == ["host-98", "host-99"]
    assert world.now_ns == round(31.1 * SECOND)
