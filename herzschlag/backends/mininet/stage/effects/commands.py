"""Commands to VMs: a crash or a hang, which happens once and is not undone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from herzschlag.agents.processes.control import HarmVm, Here, TellVcenter, Who
from herzschlag.agents.protocol.events import UserPower
from herzschlag.backends.mininet.stage.effects.difference import Applied
from herzschlag.backends.mininet.stage.foreign.programs import Programs
from herzschlag.backends.mininet.stage.nodes import Nodes, StageError
from herzschlag.faults import primitives as p
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import VCENTER


class Located(NamedTuple):
    """A command, and the host on which the VM runs and to which it is given."""

    command: p.AnyCommand
    host: str = ""


class Commands:
    def __init__(self, lab: Lab, nodes: Nodes | Programs) -> None:
        self._lab = lab
        self._nodes = nodes

    def prepare(self, commands: Iterable[p.AnyCommand], held: Iterable[p.AnyCondition]) -> list[Located]:
        """Find the host of each VM that is to crash or to hang. Hosts that are frozen do not answer."""
        frozen = {c.host for c in held if isinstance(c, p.Frozen)}
        return [
            Located(command, self._host_of(command.vm, frozen) if isinstance(command, p.VmCrash | p.VmHang) else "")
            for command in commands
        ]

    def apply(self, prepared: list[Located]) -> Applied | None:
        """Give the commands. They are in effect when the last one is given, whenever it is answered."""
        if not prepared:
            return None
        began_ns = 0
        evidence: dict[str, Any] = {}
        for command, host in prepared:
            began_ns = time.monotonic_ns()
            match command:
                case p.VmPower(vm=vm, on=on, host=wanted_host):
                    self._nodes.ask(VCENTER, TellVcenter(UserPower(vm, on, wanted_host)))
                    evidence.setdefault("vcenter_asked", []).append(vm)
                case p.VmCrash(vm=vm):
                    self._harm(vm, "crash", host)
                    evidence.setdefault("vms_harmed", {})[vm] = host
                case p.VmHang(vm=vm):
                    self._harm(vm, "hang", host)
                    evidence.setdefault("vms_harmed", {})[vm] = host
        return Applied(began_ns, evidence)

    def _harm(self, vm: str, how: Any, host: str) -> None:
        if not host:
            raise StageError(f"{vm} runs nowhere, so it cannot {how}")
        self._nodes.ask(host, HarmVm(vm, how))

    def _host_of(self, vm: str, frozen: set[str]) -> str:
        for node in self._nodes.pids:
            if node != VCENTER and self._lab.powered(node) and node not in frozen:
                here = self._nodes.ask(node, Who())
                if isinstance(here, Here) and vm in here.vms:
                    return node
        return ""
