"""The plan: a scenario made ready for a backend, with topology, configuration, placement and timers.

This module decides what vCenter pushes first and which timers hold. It leaves everything that happens later to the
runner.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from herzschlag.agents.settings import PROFILES, ClusterConfig, DatastoreConfig, Timers
from herzschlag.agents.vcenter.vcenter import VCenterSettings
from herzschlag.faults import primitives_of
from herzschlag.faults.line_quality import BadLine, bad_lines
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.options import OptionError, apply_options, heartbeat_datastores, host_configs
from herzschlag.systems.model import System
from herzschlag.topo.spec import CAPTURE_BYTES, VCENTER, Captured, Datapath, SpecError, TopologySpec
from herzschlag.wrong_input import InputError

CLUSTER_NAME = "lab"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a backend needs to know of a run."""

    scenario: str
    topology: TopologySpec
    config: ClusterConfig
    """As vCenter pushes it first: hosts, datastores, VMs, options."""
    placement: dict[str, str]
    """VM to the host on which it is powered on at the start; VMs not named stay off."""
    timers: Timers
    """Protocol time; the backend divides by its speed."""
    heartbeat_datastores: tuple[str, ...] | None = None
    """The user's choice, which vCenter respects when it chooses again; None: all feasible ones; empty: none."""
    heartbeat_datastores_per_host: int = 2
    speed: float = 1.0
    """The simulation runs in protocol time whatever the speed."""
    seed: int = 0
    phases: Literal["aligned", "spread"] = "aligned"
    """Heartbeat phases: 0 for all hosts, or spread over the interval by the seed."""
    directory: Path | None = None
    """The run directory: logs go to `log/` in it, captures beside it. None: nothing is kept."""
    capture: Captured = "heartbeats"
    """Which packets are kept; the simulation has none."""
    capture_bytes: int = CAPTURE_BYTES
    """The limit of the capture's size."""
    datapath: Datapath = "auto"
    system: System | None = None
    """Another system, whose programs run on the hosts in place of the agents."""
    bad_lines: tuple[BadLine, ...] | None = None
    """What the scenario impairs: what that takes is made ready beforehand. None: faults come from a test or a prompt,
    so they are not known."""

    counts_packets: bool = False
    """What nodes sent is counted: the scenario expects something of it (`herzschlag/history/sent.py`)."""


CAPTURE_MB_MAX = 100_000
"""More than any run could be read with."""


def make_plan(
    scenario: Scenario,
    *,
    speed: float = 1.0,
    seed: int = 0,
    directory: Path | None = None,
    datapath: Datapath = "auto",
    capture: Captured = "heartbeats",
    capture_limit_mb: int | None = None,
) -> Plan:
    """The plan of a run. Raises InputError, OptionError or FaultError for what is impossible."""
    cluster = scenario.cluster
    if capture_limit_mb is not None and not 1 <= capture_limit_mb <= CAPTURE_MB_MAX:
        raise InputError("capture limit", f"is {capture_limit_mb} MB: from 1 to {CAPTURE_MB_MAX}")
    try:
        lab = cluster.topology()
    except SpecError as error:
        raise InputError("cluster", str(error)) from None
    system = cluster.foreign()
    if system is not None and speed != 1:
        raise InputError("speed", f"is {speed:g}: the timers of {system.name} are its own, so it runs at speed 1 alone")
    vms = cluster.vm_configs()
    per_host = cluster.options.get("das.heartbeatDsPerHost", 2)
    if isinstance(per_host, bool) or not isinstance(per_host, int) or not 2 <= per_host <= 5:
        raise OptionError("das.heartbeatDsPerHost", f"is {per_host!r}: a whole number from 2 to 5")
    config = ClusterConfig(
        name=CLUSTER_NAME,
        generation=1,
        hosts=host_configs(lab, heartbeat_datastores(lab, cluster.heartbeat_datastores, per_host)),
        vcenter_addresses={network: lab.address(VCENTER, network) for network in lab.networks},
        datastores=tuple(DatastoreConfig(name=d.name, kind=d.kind) for d in lab.datastores),
        vms=tuple(vm for vm, _, _ in vms.values()),
        isolation_addresses=cluster.isolation_addresses(),
        isolation_response=cluster.isolation_response,
        host_monitoring=cluster.host_monitoring,
        admission_control=cluster.admission_control,
        vmcp_apd=cluster.vmcp_apd,
        vmcp_pdl=cluster.vmcp_pdl,
        vmcp_reset_on_apd_cleared=cluster.vmcp_reset_on_apd_cleared,
        vm_monitoring=cluster.vm_monitoring,
    )
    config, timers = apply_options(config, PROFILES[cluster.profile], lab, cluster.options)
    return Plan(
        scenario=scenario.name,
        topology=lab,
        config=config,
        placement={name: host for name, (_, host, on) in vms.items() if on},
        timers=timers,
        heartbeat_datastores=cluster.heartbeat_datastores,
        heartbeat_datastores_per_host=per_host,
        speed=speed,
        seed=seed,
        phases=cluster.phases,
        directory=directory,
        datapath=datapath,
        capture=capture,
        capture_bytes=CAPTURE_BYTES if capture_limit_mb is None else capture_limit_mb * 1_000_000,
        system=system,
        bad_lines=_bad_lines(scenario, lab) if scenario.steps else None,
        counts_packets=scenario.expect.asks_for("sent"),
    )


def _bad_lines(scenario: Scenario, lab: TopologySpec) -> tuple[BadLine, ...]:
    return bad_lines(one for step in scenario.steps for one in primitives_of(step.fault, lab))


def vcenter_settings(plan: Plan) -> VCenterSettings:
    return VCenterSettings(
        timers=plan.timers,
        config=plan.config,
        placement=plan.placement,
        networks=plan.topology.networks,
        heartbeat_datastores_per_host=plan.heartbeat_datastores_per_host,
        heartbeat_datastores=plan.heartbeat_datastores,
    )
