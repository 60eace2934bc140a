"""Settings: the timers and the cluster's configuration, every number with its source.

This module decides the two timing profiles and what a cluster is configured to do. It leaves to the cores when a timer
starts. Times are protocol time in integer nanoseconds; `Timers.at_speed` divides all of them once, and no core knows
about it. Keys in brackets name sources of the fact sheet in docs/protocol.md; "ours" marks a number that no document
gives, with the reason.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import msgspec

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
NEVER_NS = 2**61
"""Later than any instant: the due time of what is not planned."""

Response = Literal["none", "powerOff", "shutdown"]
Priority = Literal["disabled", "lowest", "low", "medium", "high", "highest"]
DatastoreKind = Literal["vmfs", "nfs"]

PRIORITY_ORDER: tuple[Priority, ...] = ("highest", "high", "medium", "low", "lowest")
"""Restart order, first to last; `disabled` is never restarted ([API-PRIO], fact sheet 7.5)."""


class SettingsError(ValueError):
    """An impossible setting: the text names value, rule and way out."""


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """Protocol timers, nanoseconds. Defaults are profile `vsphere-5.1`."""

    heartbeat_interval_ns: int = 1 * SECOND
    """Network heartbeat, each direction, both networks. Sheet 0 [DD-F] [AG7-FAIL]. (Corosync knet pings at 1 s too.)"""
    datastore_watch_after_ns: int = 3 * SECOND
    """Silence after which a master starts to watch datastore heartbeats. Sheet 0, 1.1 [DD-R] [DD-S]."""
    datastore_watch_ns: int = 15 * SECOND
    """Length of that watch, T3 to T18. Sheet 0 [DD-R]."""
    host_timeout_ns: int = 10 * SECOND
    """Silence after which a host is unreachable, das.config.fdm.hostTimeout. Sheet 0 [DD-R] [DD-A]."""
    icmp_ping_timeout_ns: int = 5 * SECOND
    """How long an unreachable host is pinged, T10 to T15, das.config.fdm.icmpPingTimeout. Sheet 0 [DD-R] [DD-A]."""
    dead_ping_interval_ns: int = 10 * SECOND
    """Ping repeat for a host that stays away, das.config.fdm.deadIcmpPingInterval. Sheet 0 [DD-A]."""
    ping_interval_ns: int = 1 * SECOND
    """Cadence inside a continuous ping. Ours: the ping command's own default."""
    master_timeout_ns: int = 10 * SECOND
    """Silence of the master after which a slave starts an election. Sheet 0 [DD-R]."""
    election_ns: int = 15 * SECOND
    """Length of an election. Sheet 0 [DD-F] [YB-LOG]."""
    isolation_ping_ns: int = 5 * SECOND
    """No answer of any isolation address for this long is isolation. Sheet 0, 6 [WP50]."""
    isolation_probe_after_ns: int = 1_500_000_000
    """Silence of all slaves after which a master pings its isolation addresses. Ours: one missed heartbeat and a half,
    so that isolation is declared 5 s after the last sign of life (sheet 1.4: T5 [B11] [KB-ISO])."""
    isolation_response_delay_ns: int = 30 * SECOND
    """Isolation declared to response executed, 0 in 5.0. das.config.fdm.isolationPolicyDelaySec. Sheet 0 [YB-51]."""
    restart_delay_ns: int = 10 * SECOND
    """New master elected to restarts, T25 to T35. Sheet 0, 1.2 [DD-R]."""
    poweron_poll_ns: int = 30 * SECOND
    """Re-read of `host-N-poweron` of unreachable hosts. Sheet 0 [DD-R] ("about every 30 s")."""
    retry_after_ns: tuple[int, ...] = (0, 2 * MINUTE, 6 * MINUTE, 14 * MINUTE, 30 * MINUTE)
    """Restart attempts, counted from the detected failure. Sheet 0, 7.5 [DD-R]."""
    guest_shutdown_ns: int = 300 * SECOND
    """Grace of a guest shutdown, das.isolationshutdowntimeout. Sheet 0 [AG60-16] [WP50]."""
    apd_timeout_ns: int = 140 * SECOND
    """All paths down, declared after this long. Sheet 0, 7.6 [AG60-20] [API-VMCP]."""
    vmcp_delay_ns: int = 180 * SECOND
    """VMCP wait after the APD timeout (together T320). Sheet 0, 7.6."""
    vmfs_heartbeat_ns: int = 3 * SECOND
    """VMFS slot write. Sheet 0 [VMFS-T]."""
    vmfs_io_limit_ns: int = 8 * SECOND
    """One VMFS heartbeat write may take this long. Sheet 0 [VMFS-T]."""
    vmfs_offline_ns: int = 16 * SECOND
    """Without a successful slot write for this long a volume is offline. Sheet 0 [VMFS-T]."""
    vmfs_retry_ns: int = 1 * SECOND
    """Slot write retry while offline. Sheet 0 [VMFS-T]."""
    vmfs_lock_watch_ns: int = 16 * SECOND
    """A foreign slot must be unchanged this long before its lock is broken. Sheet 0 [KB-HB]."""
    slot_poll_ns: int = 1 * SECOND
    """How often a watched slot or file is looked at. Ours: a third of the write interval."""
    nfs_touch_ns: int = 5 * SECOND
    """Touch of `host-N-hb` on NFS. Sheet 0 [DD-F]."""
    nfs_lock_renew_ns: int = 10 * SECOND
    """Renewal of a `.lck` file. Sheet 0 [NFS-35]."""
    nfs_lock_stale_ns: int = 35 * SECOND
    """A `.lck` file unchanged for this long is stale: 3 x 10 s + 5 s. Sheet 0 [NFS-35]."""
    vm_write_ns: int = 1 * SECOND
    """A running VM appends to its disk. Ours: so that two writers show within a second."""
    report_ns: int = 5 * SECOND
    """Agents and vCenter exchange reports at least this often. Ours: five heartbeats."""
    owner_poll_ns: int = 3 * SECOND
    """Interval at which a deferred isolation response asks whether a master owns the VM's datastore. Ours: the sheet
    says "shortly" (6 [DD-R]). Not a divisor of 20 s, so that it never asks at the very instant an owner may appear."""
    order_repeat_ns: int = 1 * SECOND
    """An unanswered request (join, restart order, inventory) is sent again. Ours: one heartbeat."""
    order_answers_ns: int = 10 * SECOND
    """An order is taken only if it answers a message that its recipient sent this lately. Ours: two reports, ten
    heartbeats; as long as a silent master is followed."""
    vmm_failure_ns: int = 30 * SECOND
    """VM monitoring, high sensitivity: no guest heartbeat this long. Sheet 7.8 [DD-M] (60 s, 120 s: medium, low)."""
    vmm_iostats_ns: int = 120 * SECOND
    """... and no I/O for this long, das.iostatsinterval. Sheet 7.8 [DD-M] [AG67-17]."""
    vmm_reset_window_ns: int = 60 * MINUTE
    """At most three resets in this window, high sensitivity. Sheet 7.8 [DD-M]."""
    watchdog_ns: int = 2 * SECOND
    """A dead agent is started again after this long. Ours: the sheet gives no figure (9 [DD-C])."""

    @property
    def fresh_ns(self) -> int:
        """How long a host counts as heard after its last datagram, and as a candidate after its last offer: three and a
        half heartbeat intervals. The half keeps the answer independent of the order of two datagrams that arrive on the
        same tick. Ours."""
        return 7 * self.heartbeat_interval_ns // 2

    @property
    def leap_ns(self) -> int:
        """A timer that is later than this says that the clock leapt, or nothing ran meanwhile: half a lock watch. A
        smaller leap leaves the owner of a lock time for two of its heartbeats. Ours."""
        return self.vmfs_lock_watch_ns // 2

    def at_speed(self, speed: float) -> Timers:
        """Return the same timers, each divided by `speed` (real nanoseconds)."""
        if not speed > 0:
            raise SettingsError(f"speed = {speed}: must be above 0; 1 is real time, 10 is ten times as fast")
        return msgspec.structs.replace(
            self,
            **{
                name: tuple(round(v / speed) for v in value) if isinstance(value, tuple) else round(value / speed)
                for name, value in msgspec.structs.asdict(self).items()
            },
        )


PROFILES: dict[str, Timers] = {
    "vsphere-5.1": Timers(),
    "vsphere-5.0": Timers(isolation_response_delay_ns=0),
}
"""Timing profiles. They differ in the isolation response delay alone (sheet 1.3, [B11] against [YB-51])."""


class HostConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the host list that vCenter hands to every agent."""

    moid: str
    addresses: dict[str, str]
    """Network name to management address."""
    datastores: tuple[str, ...] = ()
    """Datastores that vCenter last saw this host reach."""
    heartbeat_datastores: tuple[str, ...] = ()
    """Where the host writes `host-N-hb` and masters look for it."""
    memory_mb: int = 65536
    cpu_mhz: int = 20000
    maintenance: bool = False


class DatastoreConfig(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: DatastoreKind


class VmConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What HA knows about one virtual machine."""

    name: str
    datastore: str
    """Home datastore: where its `.vmx`, disk and lock lie."""
    memory_mb: int = 1024
    """Reservation plus overhead."""
    cpu_mhz: int = 500
    priority: Priority = "medium"
    isolation_response: Response | None = None
    """None: the cluster's."""
    protected: bool = True
    """Whether vCenter asks the master to protect it when it is powered on."""
    tools: bool = True
    """VMware Tools: without them a guest shutdown is a power-off at once (sheet 6 [WP50])."""
    guest_shutdown_s: float | None = 10.0
    """How long the guest takes to shut down, protocol seconds; None: it hangs."""
    compatible_hosts: tuple[str, ...] | None = None
    """None: every host that reaches the home datastore."""
    power_on_s: float = 0.0
    """How long a power-on task takes, protocol seconds."""
    power_on_fails: bool = False
    """Every power-on of this VM fails (case 43)."""
    agent_vm: bool = False
    """Agent VMs are restarted before all others (sheet 7.5)."""


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The cluster as vCenter configures it: sent to every agent, kept by each on its local disk (sheet 5, 9)."""

    name: str
    generation: int
    hosts: tuple[HostConfig, ...]
    vcenter_addresses: dict[str, str]
    datastores: tuple[DatastoreConfig, ...]
    vms: tuple[VmConfig, ...] = ()
    isolation_addresses: tuple[str, ...] = ()
    """Pinged in this order, all at once each second: gateway first unless das.usedefaultisolationaddress = false."""
    isolation_response: Response = "none"
    host_monitoring: bool = True
    admission_control: bool = False
    vmcp_apd: Literal["disabled", "conservative", "aggressive"] = "disabled"
    vmcp_pdl: bool = False
    vmcp_reset_on_apd_cleared: bool = False
    vm_monitoring: bool = False
    restarts_per_host: int = 32
    """das.perHostConcurrentFailoversLimit."""
    allowed_networks: tuple[str, ...] | None = None
    """das.allowNetworkX; None: all management networks."""
    node_goodness: dict[str, int] = {}
    """fdm.nodeGoodness per MOID, added to the number of datastores in an election (sheet 4 [VVT])."""
    switched_off: tuple[str, ...] = ()
    """VMs that users switched off, in what vCenter keeps for its own next life; it sends none to agents."""
    switched_on: tuple[str, ...] = ()
    """VMs that ran and were not switched off, likewise."""

    def host(self, moid: str) -> HostConfig:
        return self._hosts_by_moid[moid]

    def vm(self, name: str) -> VmConfig | None:
        return self._vms_by_name.get(name)

    @cached_property
    def to_protect(self) -> frozenset[str]:
        """VMs that are to be protected while they run, unless a user switched them off."""
        return frozenset(vm.name for vm in self._vms_by_name.values() if vm.protected)

    @cached_property
    def bits(self) -> tuple[int, ...]:
        """For each host in order a number with its bit alone: agents tell each other by them whom they hear."""
        return tuple(1 << index for index in range(len(self.hosts)))

    # Asked for each VM at every write, so a search through all would grow with the square of a cluster's size.

    @cached_property
    def _hosts_by_moid(self) -> dict[str, HostConfig]:
        return {host.moid: host for host in reversed(self.hosts)}

    @cached_property
    def _vms_by_name(self) -> dict[str, VmConfig]:
        return {vm.name: vm for vm in reversed(self.vms)}

    def kind_of(self, datastore: str) -> DatastoreKind:
        return next(d.kind for d in self.datastores if d.name == datastore)


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent is started with; all else comes from vCenter or its local disk."""

    moid: str
    cluster: str
    timers: Timers
    networks: tuple[str, ...] = ("A", "B")
    mtu: int = 1500
    """Of the management interfaces: join datagrams are padded to it (docs/decisions/0005)."""
    phase_ns: int = 0
    """Heartbeats go out when (now - phase) is a multiple of the interval. 0 for all hosts: the published timelines,
    which start at a heartbeat; spread by the seed: the distribution of detection times."""
