"""Hosts in virtual time over datastores in memory: hypervisors and VMs, their agents played by the test.

I/O is carried out at once; `advance` goes from one due time to the next. It has neither a network nor an agent core.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from herzschlag.agents.datastore.disk_evidence import DiskEvidence, read_disk
from herzschlag.agents.datastore.layout import disk_path
from herzschlag.agents.datastore.memory_store import MemoryAccess, MemoryDatastores
from herzschlag.agents.hypervisor.api import (
    AbortIo,
    AgentDied,
    AgentStarted,
    Answer,
    Called,
    CommandVm,
    EndVm,
    HostBoot,
    HypervisorSettings,
    Io,
    IoDone,
    StartAgent,
    StartVm,
    StopVm,
    StoreConfig,
    Tell,
    VmBoot,
    VmCommand,
    VmReport,
)
from herzschlag.agents.hypervisor.hypervisor import Hypervisor
from herzschlag.agents.hypervisor.vm import Vm
from herzschlag.agents.protocol import actions, events
from herzschlag.agents.protocol.actions import Trace
from herzschlag.agents.protocol.events import WAKE
from herzschlag.agents.protocol.messages import OrderId
from herzschlag.agents.records import fields_of, kind_of
from herzschlag.agents.settings import SECOND, DatastoreKind, Timers, VmConfig

DATASTORES: dict[str, DatastoreKind] = {"vmfs-1": "vmfs", "nfs-1": "nfs"}


def ordered(number: int, by: str = "host-98") -> OrderId:
    return OrderId(by, 1, number)


class Host:
    """One host: its cores while it is powered on, and all events that its agent received."""

    def __init__(self, world: World, moid: str) -> None:
        self.world = world
        self.moid = moid
        self.boots = 0
        self.on = False
        self.frozen = False
        self.config: Any = None
        self.told: list[tuple[int, events.AnyEvent]] = []
        self.traces: list[tuple[int, str, dict[str, Any]]] = []
        self.vms: dict[int, tuple[str, Vm]] = {}
        self.hypervisor: Hypervisor

    def power_on(self, **settings: Any) -> Host:
        self.boots += 1
        self.on = True
        self.vms = {}
        self.hypervisor = Hypervisor(
            HypervisorSettings(
                moid=self.moid,
                cluster="c",
                boot=self.boots,
                timers=self.world.timers,
                datastores=self.world.kinds,
                **settings,
            )
        )
        self.feed(HostBoot(self.config))
        return self

    def power_off(self) -> None:
        """Power the host off at once, with all that runs on it."""
        self.on = False
        self.vms = {}
        self.world.datastores.forget(self.moid)

    def kill_agent(self) -> None:
        self.feed(AgentDied("killed"))

    def call(self, call: actions.AnyHostCall) -> None:
        self.feed(Called(call))

    def heard(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.told if type(event) is kind]

    def last(self, kind: type[Any]) -> Any:
        return self.heard(kind)[-1]

    def lock(self, datastore: str, path: str) -> None:
        self.call(actions.Lock(datastore, path))

    def holds(self, datastore: str, path: str) -> bool:
        return self.on and (datastore, path) in self.hypervisor.view().locks

    def vm_state(self, vm: str) -> str:
        return self.hypervisor.view().vms.get(vm, "off") if self.on else "off"

    def feed(self, event: Any) -> None:
        self.world.queue.append((self, 0, event))
        self.world.run()

    # --- Carrying actions out -----------------------------------------------------------------------------------------

    def perform(self, number: int, action: Any) -> None:  # noqa: PLR0912 (one case an action)
        world = self.world
        match action:
            case Io(request=request):
                world.io_log.append((world.now_ns, self.moid, request))
                if world.dies_at is not None and world.dies_at[:2] == (self.moid, len(world.io_log)):
                    world.datastores.perform(request, self.moid, die_after_bytes=world.dies_at[2])
                    self.power_off()
                    return
                outcome = world.datastores.perform(request, self.moid)
                if outcome is not None:
                    world.queue.append((self, number, IoDone(outcome)))
            case AbortIo(datastore=datastore, request=request):
                world.datastores.abort(self.moid, datastore, request)
            case Answer(event=event):
                self.told.append((world.now_ns, event))
            case StartAgent():
                world.queue.append((self, 0, AgentStarted()))
            case StartVm(settings=settings):
                self.vms[settings.number] = (settings.vm.name, Vm(settings))
                world.queue.append((self, settings.number, VmBoot()))
            case StopVm(vm=vm, number=vm_number):
                self.vms.pop(vm_number)
                world.queue.append((self, 0, VmReport(vm, vm_number, "ended", "killed")))
            case CommandVm(number=vm_number, command=command):
                world.queue.append((self, vm_number, VmCommand(command)))
            case Tell(report=report):
                world.queue.append((self, 0, report))
            case EndVm(because=because):
                vm, _ = self.vms.pop(number)
                world.queue.append((self, 0, VmReport(vm, number, "ended", because)))
            case StoreConfig(config=config):
                self.config = config
            case Trace(entry=entry):
                self.traces.append((world.now_ns, kind_of(entry), fields_of(entry)))
            case _:
                raise AssertionError(f"unknown action {action!r}")

    def cores(self) -> list[tuple[int, Any]]:
        return [(0, self.hypervisor), *((number, vm) for number, (_, vm) in self.vms.items())]


class World:
    def __init__(
        self, *moids: str, timers: Timers | None = None, kinds: dict[str, DatastoreKind] | None = None
    ) -> None:
        self.timers = timers or Timers()
        self.kinds = DATASTORES if kinds is None else kinds
        self.datastores = MemoryDatastores(self.kinds)
        self.now_ns = 0
        self.queue: deque[tuple[Host, int, Any]] = deque()
        self.io_log: list[tuple[int, str, Any]] = []
        self.wakes = 0
        self.dies_at: tuple[str, int, int] | None = None
        """A host that loses power in the middle of a request: (MOID, number of the request in io_log, bytes)."""
        self.hosts = {moid: Host(self, moid) for moid in moids}
        for host in self.hosts.values():
            host.power_on()

    def __getitem__(self, moid: str) -> Host:
        return self.hosts[moid]

    def run(self) -> None:
        while self.queue:
            host, number, event = self.queue.popleft()
            if not host.on:
                continue
            done: Sequence[object]
            if number == 0:
                done = host.hypervisor.handle(event, self.now_ns)
            elif number in host.vms:
                done = host.vms[number][1].handle(event, self.now_ns)
            else:
                continue
            for action in done:
                if host.on:
                    host.perform(number, action)

    def advance(self, seconds: float) -> None:
        until_ns = self.now_ns + round(seconds * SECOND)
        while True:
            due = [
                (at_ns, host.moid, number)
                for host in self.hosts.values()
                if host.on and not host.frozen
                for number, core in host.cores()
                if (at_ns := core.wake_at_ns()) is not None
            ]
            if not due or min(due)[0] > until_ns:
                break
            at_ns, moid, number = min(due)
            assert at_ns >= self.now_ns or self.hosts[moid].world is self
            self.now_ns = max(self.now_ns, at_ns)
            self.wakes += 1
            self.queue.append((self.hosts[moid], number, WAKE))
            self.run()
        self.now_ns = until_ns

    def access(self, moid: str, datastore: str, access: MemoryAccess) -> None:
        for _, outcome in self.datastores.set_access(moid, datastore, access):
            self.queue.append((self.hosts[moid], outcome.request >> 32, IoDone(outcome)))
        self.run()

    def disk(self, vm: VmConfig) -> DiskEvidence:
        return read_disk([self.datastores.content(vm.datastore, disk_path(vm.name)) or b""])
