"""Whatever happens to hosts and storage: a VM's disk is written by the holder of its lock alone, and is never lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import PoweronFile
from herzschlag.agents.datastore.requests import Append, Replace, WriteSector
from herzschlag.agents.datastore.requests import TestAndSet as SetIf  # pytest would collect its own name
from herzschlag.agents.hypervisor.api import InjectVm, IoDone
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.settings import VmConfig
from tests.unit.agents.hypervisor.harness import World, ordered

V, N = "vmfs-1", "nfs-1"
MOIDS = ("host-97", "host-98", "host-99")
LONG = [0.4, 1.0, 5.0, 9.0, 12.0, 17.0, 40.0, 70.0]
STEP = st.one_of(
    st.tuples(st.sampled_from(["on", "on", "off", "shutdown", "crash", "hang", "reset"]), st.sampled_from(MOIDS)),
    st.tuples(st.sampled_from(["power", "freeze", "agent", "apd", "apd", "pdl", "ok", "ok"]), st.sampled_from(MOIDS)),
    st.tuples(st.just("advance"), st.sampled_from(LONG)),
)


class Guarded(World):
    """A world that checks at every write to a disk, in that instant, that the writer holds the lock."""

    def __init__(self, vm: VmConfig) -> None:
        super().__init__(*MOIDS)
        self.vm = vm
        self.lock_path = layout.lock_path(self.kinds[vm.datastore], layout.vmx_path(vm.name))
        self.offences: list[str] = []
        perform = self.datastores.perform

        def guarded(request: Any, host: str, die_after_bytes: int | None = None) -> Any:
            outcome = perform(request, host, die_after_bytes)
            if isinstance(request, Append) and outcome is not None and outcome.status == "ok":
                self.written(host)
            return outcome

        self.datastores.perform = guarded  # type: ignore[method-assign]

    def written(self, moid: str) -> None:
        lock = layout.decode_lock(self.datastores.content(self.vm.datastore, self.lock_path) or b"")
        if lock is None or (lock.held, lock.owner, lock.owner_boot) != (True, moid, self[moid].boots):
            self.offences.append(f"{moid} wrote at {self.now_ns / 1e9:g} s while the lock said {lock}")

    def step(self, what: str, moid: str, order: int) -> None:
        host, vm = self[moid], self.vm
        if what == "power":
            host.frozen = False
            if host.on:
                host.power_off()
            else:
                host.power_on()
        elif what in ("apd", "pdl", "ok"):
            self.access(moid, vm.datastore, what)  # type: ignore[arg-type]
        elif what == "freeze":
            host.frozen = host.on and not host.frozen
        elif host.on and not host.frozen:
            if what == "agent":
                host.kill_agent()
            elif what in ("crash", "hang"):
                host.feed(InjectVm(vm.name, what))  # type: ignore[arg-type]
            else:
                calls: dict[str, actions.AnyHostCall] = {
                    "on": actions.PowerOn(ordered(order), vm, ()),
                    "off": actions.PowerOff(vm.name, "the test"),
                    "shutdown": actions.ShutDownGuest(vm.name, "the test"),
                    "reset": actions.ResetVm(vm.name, "the test"),
                }
                host.call(calls[what])


@pytest.mark.parametrize("datastore", [V, N])
@given(st.lists(STEP, min_size=5, max_size=40))
@settings(deadline=None, max_examples=100)
def test_only_the_holder_of_the_lock_writes(datastore: str, steps: list[tuple[str, Any]]) -> None:
    vm = VmConfig(name="vm-1", datastore=datastore, guest_shutdown_s=3.0)
    world = Guarded(vm)
    for order, (what, who) in enumerate(steps):
        if what == "advance":
            world.advance(who)
        else:
            world.step(what, who, order)
        assert not world.offences
    # Once healed, the VM can be started again, whatever happened before: no lock stays taken for ever.
    for moid in MOIDS:
        world.access(moid, datastore, "ok")
        world[moid].frozen = False
        if not world[moid].on:
            world[moid].power_on()
    world.advance(20)
    for moid in MOIDS:
        world[moid].call(actions.PowerOff(vm.name, "the test"))
    world.advance(10)
    world["host-97"].call(actions.PowerOn(ordered(1_000_000), vm, ()))
    world.advance(40)
    assert world["host-97"].vm_state(vm.name) == "on"
    assert not world.offences


def test_a_break_that_is_still_on_its_way_when_the_owner_thaws_fails() -> None:
    """On a slow datastore: what was decided by the heartbeat that stood still is not true any more."""
    vm = VmConfig(name="vm-1", datastore=V)
    world = World("host-98", "host-99")
    world["host-98"].call(actions.PowerOn(ordered(1), vm, ()))
    world.advance(5)
    world["host-98"].frozen = True
    perform = world.datastores.perform
    late: list[Any] = []

    def slow(request: Any, host: str, die_after_bytes: int | None = None) -> Any:
        if isinstance(request, SetIf) and host == "host-99" and request.expected != layout.ZERO_SECTOR and not late:
            late.append(request)
            return None
        return perform(request, host, die_after_bytes)

    world.datastores.perform = slow  # type: ignore[method-assign]
    world["host-99"].call(actions.PowerOn(ordered(2), vm, ()))
    world.advance(17)
    assert late
    world["host-98"].frozen = False
    world.advance(4)
    broken = perform(late[0], "host-99")
    assert broken is not None and broken.status == "mismatch"
    world["host-99"].feed(IoDone(broken))
    world.advance(20)
    assert (world["host-98"].vm_state("vm-1"), world["host-99"].vm_state("vm-1")) == ("on", "off")


# --- A host that dies in the middle of any write ----------------------------------------------------------------------

POWERON = layout.poweron_path("c", "host-98")
LIST = layout.protectedlist_path("c")


def scene(datastore: str) -> tuple[World, VmConfig]:
    world = World("host-99")
    vm = VmConfig(name="vm-1", datastore=datastore)
    world.hosts["host-98"] = type(world["host-99"])(world, "host-98")
    return world, vm


def play(world: World, vm: VmConfig) -> None:
    """What a master does: heartbeats, files, a VM. Its power may fail at any write of these."""
    steps: list[actions.AnyHostCall] = [
        actions.UseHeartbeatDatastores((vm.datastore,)),
        actions.Lock(vm.datastore, LIST),
        actions.PowerOn(ordered(1), vm, ()),
        actions.WriteFile(vm.datastore, POWERON, layout.encode_poweron(PoweronFile(False, ("vm-1",), 1))),
        actions.WriteFile(vm.datastore, LIST, layout.encode_protectedlist(layout.ProtectedList((), 1)), locked=True),
        actions.WriteFile(vm.datastore, POWERON, layout.encode_poweron(PoweronFile(True, (), 2))),
        actions.PowerOff("vm-1", "isolated"),
        actions.Unlock(vm.datastore, LIST),
    ]
    host = world["host-98"].power_on()
    for step in steps:
        if host.on:
            host.call(step)
            world.advance(1.5)


def deaths(datastore: str) -> list[tuple[int, int]]:
    """Every (request number, bytes) at which host-98 can die in `play`."""
    world, vm = scene(datastore)
    play(world, vm)
    found = []
    for number, (_, moid, request) in enumerate(world.io_log, start=1):
        if moid == "host-98" and isinstance(request, (Replace, Append, WriteSector, SetIf)):
            size = len(request.data)
            # Sectors and replaced files are old or new, nothing between (test_conformance.py): a few bytes suffice.
            cuts = range(size + 1) if isinstance(request, Append) else (0, 1, size - 1, size)
            found += [(number, cut) for cut in cuts]
    return found


@pytest.mark.parametrize("datastore", [V, N])
def test_a_host_that_dies_in_any_write_leaves_all_to_its_successor(datastore: str) -> None:
    every = deaths(datastore)
    assert len(every) > 300
    for number, cut in every:
        world, vm = scene(datastore)
        world.dies_at = ("host-98", number, cut)
        play(world, vm)
        world["host-98"].power_off()
        host = world["host-99"]
        host.call(actions.ReadFile(datastore, POWERON))
        host.call(actions.ReadFile(datastore, LIST))
        assert {read.status for read in host.heard(events.FileRead)} <= {"ok", "missing"}
        host.call(actions.PowerOn(ordered(2), vm, ()))
        host.call(actions.Lock(datastore, LIST))
        world.advance(40)
        assert host.vm_state("vm-1") == "on", (number, cut)
        assert host.holds(datastore, LIST), (number, cut)
        evidence = world.disk(vm)
        assert [run.host for run in evidence.runs] in (["host-99"], ["host-98", "host-99"])
        assert evidence.torn <= 1
