"""A whole cluster in virtual time: networks, datastores, hosts, vCenter and gateway, and the records they write.

This module decides how a plan becomes nodes, and what the evidence of the end is. Everything random comes from the
plan's seed. Tests and tools get more here than a `Session` offers: views of every core, faults at any instant.

    cluster = SimCluster(plan)
    cluster.start()
    cluster.run_until(60 * SECOND)
    cluster.disturbances.begin("f1", PowerOff(host="host-98").primitives(plan.topology))
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from herzschlag.agents.datastore.disk_evidence import disk_records
from herzschlag.agents.datastore.layout import disk_path
from herzschlag.agents.datastore.memory_store import MemoryDatastores
from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.format import IP_UDP_BYTES, KEY_BYTES_MIN
from herzschlag.agents.protocol.messages import Address, AnyMessage
from herzschlag.agents.records import Entry, fields_of, kind_of
from herzschlag.agents.settings import AgentSettings, ClusterConfig
from herzschlag.backends.simulation.disturbances import Disturbances
from herzschlag.backends.simulation.host import SimHost
from herzschlag.backends.simulation.network import SimulatedNetwork
from herzschlag.backends.simulation.node import Node
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.backends.simulation.vcenter import SimVcenter
from herzschlag.history.heartbeats import last_heartbeats
from herzschlag.history.kinds import Counters
from herzschlag.history.records import RUNNER, History, Record
from herzschlag.scenarios.plan import Plan
from herzschlag.topo.spec import GATEWAY, VCENTER


class SimCluster:
    def __init__(self, plan: Plan) -> None:
        lab = plan.topology
        self.plan = plan
        self.queue = EventQueue()
        self.records: list[Record] = []
        self._stop: Callable[[Record], bool] | None = None
        self._stopped = False
        codec = Codec(plan.config.name, bytes(KEY_BYTES_MIN))

        somewhere = Address(lab.moids[0], lab.networks[0], 0)  # every address is as long as every other

        def size_of(message: AnyMessage) -> int:
            return len(codec.encode(message, somewhere)) + IP_UDP_BYTES

        addresses = {(node, network): lab.address(node, network) for node in lab.nodes for network in lab.networks}
        self.network = SimulatedNetwork(
            self.queue, lab.networks, addresses, plan.seed, size_of, counts=plan.counts_packets
        )
        self.datastores = MemoryDatastores([datastore.name for datastore in lab.datastores])
        phases = random.Random(f"{plan.seed}/phases")
        self.hosts: dict[str, SimHost] = {}
        for moid in lab.moids:
            phase_ns = phases.randrange(plan.timers.heartbeat_interval_ns) if plan.phases == "spread" else 0
            self.hosts[moid] = SimHost(
                moid,
                self.queue,
                self.network,
                self.record,
                agent_settings=AgentSettings(
                    moid=moid,
                    cluster=plan.config.name,
                    timers=plan.timers,
                    networks=lab.networks,
                    mtu=lab.mtu,
                    phase_ns=phase_ns,
                ),
                datastores=self.datastores,
                kinds={datastore.name: datastore.kind for datastore in lab.datastores_of(moid)},
            )
        self.gateway = Node(GATEWAY, self.queue, self.network, self.record)
        self.vcenter = SimVcenter(VCENTER, self.queue, self.network, self.record, plan=plan)
        self.nodes: dict[str, Node] = {**self.hosts, GATEWAY: self.gateway, VCENTER: self.vcenter}
        self.disturbances = Disturbances(self.nodes, self.hosts, self.vcenter, self.network, self.datastores)

    @property
    def now_ns(self) -> int:
        return self.queue.now_ns

    @property
    def config(self) -> ClusterConfig:
        return self.plan.config

    def start(self) -> None:
        """Power everything on, as at the start of a run: vCenter knows the plan, the hosts know nothing."""
        self.gateway.power_on()
        for host in self.hosts.values():
            host.power_on()
        self.vcenter.power_on()

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        """Let virtual time pass. True: `stop` was true of a new record, and time stops at its instant."""
        self._stop = stop
        self._stopped = False
        try:
            self.queue.run_until(at_ns)
        finally:
            self._stop = None
        return self._stopped

    def run_for(self, length_ns: int) -> None:
        self.run_until(self.now_ns + length_ns)

    def record(self, node: str, entry: Entry) -> None:
        record = Record(self.queue.now_ns, len(self.records), node, kind_of(entry), fields_of(entry))
        self.records.append(record)
        if self._stop is not None and not self._stopped and self._stop(record):
            self._stopped = True
            self.queue.interrupted = True

    def history(self) -> History:
        return History(self.records)

    def view(self, moid: str) -> Any:
        """The agent's view; None while the host has no agent."""
        agent = self.hosts[moid].agent
        return None if agent is None else agent.core.view()  # type: ignore[attr-defined]

    def write_evidence(self) -> None:
        """Record what can only be known at the end: who wrote to the disks, and what each fault swallowed."""
        for vm in self.config.vms:
            data = self.datastores.content(vm.datastore, disk_path(vm.name))
            for entry in disk_records(vm.datastore, [data or b""]):
                self.record(RUNNER, entry)
        for fault_id, drops in self.disturbances.drops.items():
            line = self.disturbances.line_effect(fault_id)
            self.record(RUNNER, Counters(id=fault_id, dropped=drops.packets, line=UNSET if line is None else line))
        for fault_id, (began_ns, arrivals) in self.disturbances.heartbeats.items():
            for heartbeat in last_heartbeats(fault_id, began_ns, arrivals, self.plan.timers.heartbeat_interval_ns):
                self.record(RUNNER, heartbeat)
