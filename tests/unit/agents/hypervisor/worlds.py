"""Helpers of several tests of the hypervisor: a world with a started VM, and what its hypervisor reported."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.datastore import layout
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.settings import VmConfig
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
