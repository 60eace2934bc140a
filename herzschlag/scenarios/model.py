"""A scenario as a value: a cluster, a timed list of faults, and what must be true.

This module decides what a scenario file can say and turns its shorthand (numbers of hosts, VMs per host) into plain
values. It leaves reading files to `from_toml.py`, contradictions and references to `validation.py`, and the plan for a
backend to `plan.py`. Times are protocol seconds; steps count from the moment the cluster is ready.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from herzschlag.agents.settings import PROFILES, Priority, Response, Timers, VmConfig
from herzschlag.faults import Fault, SwitchReboot
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.options import Option, isolation_addresses, timers_of
from herzschlag.systems.finding import system_named
from herzschlag.systems.model import Option as SystemOption
from herzschlag.systems.model import System, with_options
from herzschlag.topo.catalog import DEFAULT_DATASTORES, host_specs
from herzschlag.topo.spec import DatastoreSpec, HostSpec, TopologySpec

SETTLE_S = 30.0
"""How long a run goes on after its last change unless it says otherwise: an election and the restarts after it."""


class VmEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One VM, or `count` alike ones named `<name>-1`, `<name>-2`, ..."""

    name: str
    host: str
    """Where it runs at the start, or is registered when `on` is false."""
    count: int | None = None
    on: bool = True
    datastore: str = ""
    """Empty: the host's datastores in turn."""
    memory_mb: int = 1024
    cpu_mhz: int = 500
    priority: Priority = "medium"
    isolation_response: Response | None = None
    protected: bool = True
    tools: bool = True
    guest_shutdown_s: float = 10.0
    guest_hangs: bool = False
    """A guest shutdown never ends."""
    compatible_hosts: tuple[str, ...] | None = None
    power_on_s: float = 0.0
    power_on_fails: bool = False
    agent_vm: bool = False

    def configs(self, datastores: tuple[str, ...], offset: int) -> list[VmConfig]:
        """Expand into VMs; `offset` of them came before on this host."""
        count = 1 if self.count is None else self.count
        names = [self.name] if self.count is None else [f"{self.name}-{n + 1}" for n in range(count)]
        return [
            VmConfig(
                name=name,
                datastore=self.datastore or datastores[(offset + n) % len(datastores)],
                memory_mb=self.memory_mb,
                cpu_mhz=self.cpu_mhz,
                priority=self.priority,
                isolation_response=self.isolation_response,
                protected=self.protected,
                tools=self.tools,
                guest_shutdown_s=None if self.guest_hangs else self.guest_shutdown_s,
                compatible_hosts=self.compatible_hosts,
                power_on_s=self.power_on_s,
                power_on_fails=self.power_on_fails,
                agent_vm=self.agent_vm,
            )
            for n, name in enumerate(names)
        ]


Profile = Literal["vsphere-5.1", "vsphere-5.0"]


class Cluster(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cluster under test; every key has a default."""

    system: str = ""
    """Another HA system in place of the modelled one: `keepalived`, `etcd`, or the path of a TOML file."""
    system_profile: str = ""
    """Options of that system that belong together, by the name its file gives them."""
    system_options: dict[str, SystemOption] = {}
    """Options of that system, by the names its file gives them."""
    hosts: int | tuple[str | HostSpec, ...] = 3
    """How many (host-98, host-99, ...), or their MOIDs, or tables with `moid`, `memory_mb`, `cpu_mhz`."""
    datastores: tuple[DatastoreSpec, ...] = DEFAULT_DATASTORES
    """Left out: `vmfs-1`, `vmfs-2` and `nfs-1`, seen by every host."""
    heartbeat_datastores: tuple[str, ...] | None = None
    """The user's choice; empty switches datastore heartbeats off; left out: vCenter chooses."""
    networks: tuple[str, ...] = ("A", "B")
    """Management networks, each with a switch of its own."""
    mtu: int = 1500
    """The largest packet of every network, in bytes."""
    vms_per_host: int = 0
    """Number of VMs named `vm-98-1`, ... on every host, before those of `vms`."""
    vms: tuple[VmEntry, ...] = ()
    """VMs with a name, a host and properties of their own."""
    profile: Profile = "vsphere-5.1"
    """Whose timers the agents have."""
    phases: Literal["aligned", "spread"] = "aligned"
    """Heartbeats of all hosts at the same instant, or spread over the interval by the seed."""
    isolation_response: Response = "none"
    """What an isolated host does with its VMs."""
    host_monitoring: bool = True
    """Whether VMs of hosts that failed are restarted."""
    admission_control: bool = False
    """Whether vCenter refuses to power on what would find no room if the largest host failed."""
    vmcp_apd: Literal["disabled", "conservative", "aggressive"] = "disabled"
    """What VM component protection does when I/O hangs (all paths down)."""
    vmcp_pdl: bool = False
    """Whether it restarts VMs whose datastore is permanently lost."""
    vmcp_reset_on_apd_cleared: bool = False
    """Whether it resets VMs whose datastore comes back after the timeout of 140 s."""
    vm_monitoring: bool = False
    """Whether a VM whose guest hangs is reset."""
    options: dict[str, Option] = {}
    """Advanced options under their own names, e.g. `"das.isolationaddress0" = "gateway@B"`."""

    def foreign(self) -> System | None:
        """The other system with its options; None: the modelled one. Raises InputError, ExtensionError."""
        if not self.system:
            return None
        return with_options(system_named(self.system), self.system_profile, self.system_options)

    def networks_used(self) -> tuple[str, ...]:
        """The networks of the lab on which hosts speak to each other. Raises InputError, ExtensionError, SpecError."""
        system, networks = self.foreign(), self.topology().networks
        used = system.networks if system is not None else ()
        return tuple(name for name in networks if name in used) if used else tuple(networks)

    def timers(self) -> Timers:
        """The configuration and timers. Raises OptionError for an impossible option."""
        return timers_of(PROFILES[self.profile], self.options)

    def isolation_addresses(self) -> tuple[str, ...]:
        return isolation_addresses(self.topology(), self.options)

    def node_goodness(self) -> dict[str, int]:
        """`fdm.nodeGoodness` per MOID."""
        prefix = "fdm.nodeGoodness."
        given = {name: value for name, value in self.options.items() if name.startswith(prefix)}
        return {name.removeprefix(prefix): int(value) for name, value in given.items()}

    def topology(self) -> TopologySpec:
        """The lab's specification. Raises SpecError for an impossible lab."""
        return TopologySpec(
            hosts=host_specs(self.hosts), datastores=self.datastores, networks=self.networks, mtu=self.mtu
        )

    def vm_entries(self) -> list[VmEntry]:
        """`vms_per_host` written out, then `vms`."""
        made = [
            VmEntry(name=f"vm-{moid.removeprefix('host-')}-{n + 1}", host=moid)
            for moid in self.topology().moids
            for n in range(self.vms_per_host)
        ]
        return [*made, *self.vms]

    def vm_configs(self) -> dict[str, tuple[VmConfig, str, bool]]:
        """VM name to (what HA knows of it, its host, whether it is on at the start)."""
        lab = self.topology()
        found: dict[str, tuple[VmConfig, str, bool]] = {}
        before = dict.fromkeys(lab.moids, 0)
        for entry in self.vm_entries():
            datastores = tuple(d.name for d in lab.datastores_of(entry.host))
            for config in entry.configs(datastores, before[entry.host]):
                found[config.name] = (config, entry.host, entry.on)
                before[entry.host] += 1
        return found


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A fault at a time, perhaps undone after a while. In a file, the fault's own keys are written beside these."""

    at_s: float
    """Protocol seconds after the cluster is ready."""
    fault: Fault
    id: str
    """Names the instant at which the fault is effective; `ID.end` is when it is undone. Default: the fault's kind."""
    for_s: float | None = None
    """Undone after this long; None: it stays until the run is healed at its end."""

    @property
    def end_s(self) -> float | None:
        return None if self.for_s is None else self.at_s + self.for_s


class Change(msgspec.Struct, frozen=True):
    """One moment of the schedule: a fault begins or ends."""

    at_s: float
    id: str
    fault: Fault
    begins: bool


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster, what happens to it when, and what must be true: a scenario file as a value."""

    name: str
    """Also that of the run's directory."""
    title: str
    """What happens, in a line."""
    about: str = ""
    """What it shows, in a few sentences."""
    cluster: Cluster = Cluster()
    steps: tuple[Step, ...] = ()
    expect: Expectations = Expectations()
    settle_s: float = SETTLE_S
    """How long the run goes on after its last change."""
    patience_s: float = 0.0
    """At the end, a VM that was off for less than this is not overdue. For runs whose end is not planned: a test ends
    when it has seen what it wanted, perhaps in the middle of a failover."""
    ready_s: float = 120.0
    """Bound: the cluster must be ready within this time."""
    speed: float = 10.0
    """Used when the command line names none."""
    source: str = ""
    """Where it was read from."""
    text: str = ""
    """What was read."""

    def plain_steps(self) -> tuple[Step, ...]:
        """Steps with each reboot of a switch written out as what follows what; `<id>.dark` is its second half."""
        plain: list[Step] = []
        for step in self.steps:
            if not isinstance(step.fault, SwitchReboot):
                plain.append(step)
                continue
            at_s = step.at_s
            for (length_s, fault), suffix in zip(step.fault.phases(), ("", ".dark"), strict=False):
                plain.append(Step(at_s=at_s, fault=fault, id=step.id + suffix, for_s=length_s))
                at_s += length_s
        return tuple(plain)

    def timeline(self) -> tuple[Change, ...]:
        """Beginnings and ends in order; at the same moment ends come first."""
        changes = []
        for step in self.plain_steps():
            changes.append(Change(step.at_s, step.id, step.fault, True))
            if step.end_s is not None:
                changes.append(Change(step.end_s, step.id, step.fault, False))
        return tuple(sorted(changes, key=lambda change: (change.at_s, change.begins)))

    @property
    def length_s(self) -> float:
        """From ready to the end."""
        timeline = self.timeline()
        return (timeline[-1].at_s if timeline else 0.0) + self.settle_s
