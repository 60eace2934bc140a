"""Effects on a whole host and its agent: power, freezing, the clock, the agent's death."""

from __future__ import annotations

import time
from typing import Any

from herzschlag.agents.processes.control import KillAgent, Killed, Watchdog
from herzschlag.agents.settings import SECOND
from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference
from herzschlag.backends.mininet.stage.foreign.programs import Programs
from herzschlag.backends.mininet.stage.nodes import Nodes, StageError
from herzschlag.backends.mininet.stage.priorities import make_urgent
from herzschlag.faults import primitives as p
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import GATEWAY, VCENTER


class Power:
    def __init__(self, lab: Lab, nodes: Nodes | Programs) -> None:
        self._lab = lab
        self._nodes = nodes

    def apply(self, change: Difference) -> Applied | None:
        power = change.of(p.PowerOff)
        instants: list[int] = []
        evidence: dict[str, Any] = {}
        if off := [condition.node for condition in power.begins]:
            for node in off:
                self._nodes.expect_end(node)
            # A process needs a processor to die, and an idle node's first process is in a session of its own.
            make_urgent([self._lab.pid(node) for node in off if self._lab.powered(node)])
            instants.append(self._lab.power_off(*off))
            evidence["powered_off"] = off
        vcenter_stays_down = bool(change.of(p.VcenterDown).wanted)
        for node in (condition.node for condition in power.ends):
            instants.append(self._lab.power_on(node))
            evidence.setdefault("powered_on", []).append(node)
            if node != GATEWAY and not (node == VCENTER and vcenter_stays_down):
                self._nodes.start(self._lab, [node])
        return Applied(max(instants), evidence) if instants else None


class Freezing:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def apply(self, change: Difference) -> Applied | None:
        frozen = change.of(p.Frozen)
        if not frozen:
            return None
        instants = [self._lab.freeze(c.host) for c in frozen.begins]
        instants += [self._lab.thaw(c.host) for c in frozen.ends]
        return Applied(max(instants), {"frozen": sorted(c.host for c in frozen.wanted)})


class Clocks:
    """Clocks of hosts. A change takes effect when the first host has been told; its agent may react before the answer
    arrives. A frozen host is told when it is thawed, which is when it reads its clock again."""

    def __init__(self, nodes: Nodes | Programs, speed: float) -> None:
        self._nodes = nodes
        self._speed = speed
        self._untold: set[str] = set()
        """Frozen hosts whose clock was set meanwhile."""

    def apply(self, change: Difference) -> Applied | None:
        clocks = change.of(p.ClockOff)
        changed = {c.host for c in clocks.changed} | self._untold
        self._untold = changed & {c.host for c in change.of(p.Frozen).wanted}
        if not changed:
            return None
        began_ns = time.monotonic_ns()
        evidence: dict[str, Any] = {}
        for host in sorted(changed - self._untold):
            ahead_s = sum(c.offset_s for c in clocks.wanted if c.host == host)
            self._nodes.set_clock(host, round(ahead_s * SECOND / self._speed))
            evidence.setdefault("clocks_ahead_s", {})[host] = ahead_s
        return Applied(began_ns, evidence)


class Agents:
    def __init__(self, nodes: Nodes | Programs) -> None:
        self._nodes = nodes

    def apply(self, change: Difference) -> Applied | None:
        down = change.of(p.AgentDown)
        instants: list[int] = []
        evidence: dict[str, Any] = {}
        for condition in down.begins:
            answer = self._nodes.ask(condition.host, KillAgent(condition.watchdog))
            if not isinstance(answer, Killed) or not answer.pid:
                raise StageError(f"the agent of {condition.host} could not be killed: {answer!r}")
            evidence.setdefault("agents_killed", []).append(condition.host)
            instants.append(answer.at_ns)
        for condition in down.ends:
            if not condition.watchdog and condition.host in self._nodes.pids:
                self._nodes.ask(condition.host, Watchdog(True))
                evidence.setdefault("watchdogs_on", []).append(condition.host)
                instants.append(time.monotonic_ns())
        return Applied(max(instants), evidence) if instants else None
