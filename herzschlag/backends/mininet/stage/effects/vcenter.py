"""Effects on vCenter: its process, and the requests of its users."""

from __future__ import annotations

import time

from herzschlag.agents.processes.control import TellVcenter
from herzschlag.agents.protocol.events import UserMaintenance, UserReconfigure
from herzschlag.backends.mininet.stage.api import StageSettings
from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference
from herzschlag.backends.mininet.stage.foreign.programs import Programs
from herzschlag.backends.mininet.stage.nodes import Nodes
from herzschlag.faults import primitives as p
from herzschlag.scenarios.options import config_under
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import VCENTER


class VcenterProcess:
    def __init__(self, lab: Lab, nodes: Nodes | Programs) -> None:
        self._lab = lab
        self._nodes = nodes

    def apply(self, change: Difference) -> Applied | None:
        down = change.of(p.VcenterDown)
        if down.begins:
            return Applied(self._nodes.kill(VCENTER), {"vcenter": "killed"})
        if down.ends and self._lab.powered(VCENTER):
            self._nodes.start(self._lab, [VCENTER])
            return Applied(time.monotonic_ns(), {"vcenter": "started"})
        return None


class VcenterUsers:
    """The requests of vCenter's users; a vCenter that is dead is told when it is back. A request takes effect when
    vCenter has been told; it may react before the answer arrives."""

    def __init__(self, settings: StageSettings, nodes: Nodes | Programs) -> None:
        self._settings = settings
        self._nodes = nodes
        self._resting: frozenset[str] = frozenset()
        """Hosts that vCenter has been told to put into maintenance mode."""
        self._options: frozenset[p.Reconfigured] = frozenset()
        """Changed options that vCenter has been told."""

    def apply(self, change: Difference) -> Applied | None:
        if VCENTER not in self._nodes.pids:
            return None
        began_ns = time.monotonic_ns()
        resting = frozenset(c.host for c in change.of(p.Maintenance).wanted)
        options = frozenset(change.of(p.Reconfigured).wanted)
        told = sorted(resting ^ self._resting)
        for host in told:
            self._nodes.ask(VCENTER, TellVcenter(UserMaintenance(host, host in resting)))
        if options != self._options:
            told += sorted(c.option for c in options ^ self._options)
            config, spec = self._settings.config, self._settings.topology
            wanted = config_under(config, spec, change.wanted, config.generation)
            self._nodes.ask(VCENTER, TellVcenter(UserReconfigure(wanted)))
        self._resting, self._options = resting, options
        return Applied(began_ns, {"vcenter_told": told}) if told else None
