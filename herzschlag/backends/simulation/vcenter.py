"""The vCenter node in virtual time: one process, and the requests of its users.

This module decides what a user's request becomes while vCenter is down: maintenance and options reach it when it is
back (its users would repeat them), a power request is lost. It leaves what vCenter does to
`agents/vcenter/vcenter.py`. Its own disk, the last configuration and the count of its lives, outlasts it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from herzschlag.agents.protocol.actions import KeepConfig, Send, Trace
from herzschlag.agents.protocol.events import AnyEvent, Boot, UserMaintenance, UserPower, UserReconfigure
from herzschlag.agents.settings import ClusterConfig
from herzschlag.agents.vcenter.vcenter import VCenter
from herzschlag.backends.simulation.network import SimulatedNetwork
from herzschlag.backends.simulation.node import Node, Record
from herzschlag.backends.simulation.process import Process
from herzschlag.backends.simulation.queue import EventQueue
from herzschlag.faults import primitives as p
from herzschlag.scenarios.options import config_under
from herzschlag.scenarios.plan import Plan, vcenter_settings


class SimVcenter(Node):
    def __init__(self, name: str, queue: EventQueue, network: SimulatedNetwork, record: Record, *, plan: Plan) -> None:
        super().__init__(name, queue, network, record)
        self._plan = plan
        self._boot = 0
        self._stored: ClusterConfig | None = None
        self._wanted = plan.config
        self._told = plan.config
        self.process: Process | None = None

    def power_on(self) -> None:
        self.powered = True
        self.set_running(True)

    def power_off(self) -> None:
        self.powered = False
        self.set_running(False)

    def set_running(self, running: bool) -> None:
        if running and self.process is None and self.powered:
            self._boot += 1
            self.process = Process(self, self.clock, VCenter(vcenter_settings(self._plan)), self._perform)
            self.receive(Boot(self._boot, self._stored, {}, {}))
            self._tell_wishes()
        elif not running and self.process is not None:
            self.process.kill()
            self.process = None

    def reconfigure(self, conditions: Iterable[p.AnyCondition]) -> None:
        self._wanted = config_under(self._plan.config, self._plan.topology, conditions, self._plan.config.generation)
        self._tell_wishes()

    def power_vm(self, vm: str, on: bool, host: str) -> None:
        self.receive(UserPower(vm, on, host))

    def receive(self, event: AnyEvent | UserPower | UserMaintenance | UserReconfigure) -> None:
        if self.process is not None:
            self.process.step(event)

    def view(self) -> Any:
        return None if self.process is None else self.process.core.view()  # type: ignore[attr-defined]

    def _tell_wishes(self) -> None:
        if self.process is None or self._wanted == self._told:
            return
        for wanted, told in zip(self._wanted.hosts, self._told.hosts, strict=True):
            if wanted.maintenance != told.maintenance:
                self.receive(UserMaintenance(wanted.moid, wanted.maintenance))
        if _options(self._wanted) != _options(self._told):
            self.receive(UserReconfigure(self._wanted))
        self._told = self._wanted

    def _perform(self, actions: list[Any]) -> None:
        for action in actions:
            match action:
                case Send():
                    self.network.send(self.name, action)
                case Trace(entry=entry):
                    self.record(self.name, entry)
                case KeepConfig(config=config):
                    self._stored = config
                case _:
                    raise AssertionError(f"vCenter wants {action!r}, which is unknown here")


def _options(config: ClusterConfig) -> ClusterConfig:
    """The configuration without the parts that are each host's own."""
    return ClusterConfig(
        **{name: getattr(config, name) for name in ClusterConfig.__struct_fields__ if name != "hosts"}, hosts=()
    )
