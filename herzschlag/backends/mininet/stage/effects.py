"""Conditions to changes of the lab: what a stage does so that exactly the wanted conditions hold.

Decides who carries a condition out (controller, lab, a node's packet filter, a node's own processes) and in which
order; leaves which conditions are wanted to the runner. All of it is absolute: only the difference between what
holds and what is wanted is touched. Every change gives the instant at which it was effective, and what shows it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from ipaddress import IPv4Interface
from typing import Any, TypeVar

from herzschlag.agents.processes.control import HarmVm, Here, KillAgent, Killed, TellVcenter, Watchdog, Who
from herzschlag.agents.protocol.events import UserMaintenance, UserPower, UserReconfigure
from herzschlag.agents.settings import SECOND
from herzschlag.backends.mininet.stage.api import StageSettings
from herzschlag.backends.mininet.stage.impairments import filtered_at, impairments
from herzschlag.backends.mininet.stage.nodes import Nodes, StageError
from herzschlag.backends.mininet.stage.priorities import make_urgent
from herzschlag.controller.client import ControllerClient
from herzschlag.errors import UnusableMachine
from herzschlag.faults import primitives as p
from herzschlag.scenarios.options import config_under
from herzschlag.topo.errors import ImpairError, UnusableMachineError
from herzschlag.topo.impairments.apply import Change
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import GATEWAY, PREFIX_LENGTH, VCENTER, node_interface

COMMAND_S_MAX = 10.0
EVIDENCE_LINKS_MAX = 64
"""Links named one by one in a record; more are summed up."""

C = TypeVar("C", bound=p.Condition)


class EffectUnavailable(UnusableMachine):
    """This machine cannot do it; `fix` says what would help."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.fix = fix


def _of(conditions: Iterable[p.AnyCondition], kind: type[C]) -> list[C]:
    return [c for c in conditions if isinstance(c, kind)]


class Effects:
    def __init__(self, settings: StageSettings, lab: Lab, controller: ControllerClient, nodes: Nodes) -> None:
        self._settings = settings
        self._lab = lab
        self._controller = controller
        self._nodes = nodes
        self._held: frozenset[p.AnyCondition] = frozenset()
        self._resting: frozenset[str] = frozenset()
        """Hosts that vCenter was told to put into maintenance mode."""
        self._options: frozenset[p.Reconfigured] = frozenset()
        """Changed options that vCenter was told."""
        self._untold: set[str] = set()
        """Frozen hosts whose clock was set meanwhile."""
        self._impairing: list[Change] = []
        """What the next change does to filters and queues."""

    # --- The whole ----------------------------------------------------------------------------------------------------

    def prepare(self, wanted: frozenset[p.AnyCondition], commands: Iterable[p.AnyCommand]) -> dict[str, Any]:
        """What takes time and changes nothing, done before the instant of the change: filters and queues worked out,
        the counters of what ends read."""
        ending = self._held - wanted
        evidence: dict[str, Any] = {}
        cuts = {(c.network, c.src, c.dst) for c in _of(ending, p.LinkCut) if c.at == "switch"}
        if cuts:
            status = self._controller.status()
            dropped = {
                f"{c.network} {c.src} {c.dst}": c.packets
                for c in status.cuts
                if (c.network, c.src, c.dst) in cuts and c.packets is not None
            }
            evidence["dropped"] = sum(dropped.values())
            if len(dropped) <= EVIDENCE_LINKS_MAX:
                evidence["dropped_by_link"] = dropped
        for node in sorted({node for c in ending if (node := filtered_at(c)) is not None}):
            for what, packets in self._lab.impairments.counted(node).items():
                evidence.setdefault(what, {})[node] = packets
        self._impairing = self._impairments(wanted)
        self._where = {c.vm: self._host_of(c.vm) for c in commands if isinstance(c, p.VmCrash | p.VmHang)}
        return evidence

    def apply(self, wanted: frozenset[p.AnyCondition], commands: Iterable[p.AnyCommand]) -> tuple[int, dict[str, Any]]:
        """Make exactly these conditions hold; returns since when, and what shows it."""
        held, self._held = self._held, wanted
        evidence: dict[str, Any] = {}
        instants = [
            step(wanted - held, held - wanted, evidence)
            for step in (
                self._cuts,
                self._power,
                self._freeze,
                self._clocks,
                self._interfaces,
                self._filters,
                self._storage,
                self._gateway,
                self._agents,
                self._vcenter,
                self._configuration,
            )
        ]
        instants += [self._command(command, evidence) for command in commands]
        return max(instant for instant in (*instants, 0) if instant is not None) or time.monotonic_ns(), evidence

    # --- The parts: (begins, ends, evidence) -> effective instant -----------------------------------------------------

    def _cuts(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        changed = begins | ends
        if not _of(changed, p.PortDown) and not [c for c in _of(changed, p.LinkCut) if c.at == "switch"]:
            return None
        silent = sorted((c.network, c.src, c.dst) for c in _of(self._held, p.LinkCut) if c.at == "switch")
        ports = sorted((c.network, c.node) for c in _of(self._held, p.PortDown))
        done = self._controller.set_cuts(silent, ports)
        evidence["flows_changed"] = done.flows_changed
        evidence["ports_changed"] = done.ports_changed
        return done.effective_ns

    def _power(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        instants = []
        if off := [condition.node for condition in _of(begins, p.PowerOff)]:
            for node in off:
                self._nodes.sentence(node)
            # Who dies needs a processor for it, and an idle node's first process is in a session of its own.
            make_urgent([self._lab.pid(node) for node in off if self._lab.powered(node)])
            instants.append(self._lab.power_off(*off))
            evidence["powered_off"] = off
        for condition in _of(ends, p.PowerOff):
            instants.append(self._lab.power_on(condition.node))
            evidence.setdefault("powered_on", []).append(condition.node)
            down = _of(self._held, p.VcenterDown) if condition.node == VCENTER else []
            if condition.node != GATEWAY and not down:
                self._nodes.start(self._lab, [condition.node])
        return max(instants, default=None)

    def _freeze(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        instants = [self._lab.freeze(c.host) for c in _of(begins, p.Frozen)]
        instants += [self._lab.thaw(c.host) for c in _of(ends, p.Frozen)]
        if instants:
            evidence["frozen"] = sorted(c.host for c in _of(self._held, p.Frozen))
        return max(instants, default=None)

    def _clocks(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        """In effect when the first host is told: what its agent concludes comes after that, and some of it before the
        answer. A host that stands still is told when it goes on, which is when it looks at its clock again."""
        changed = {c.host for c in _of(begins | ends, p.ClockOff)} | self._untold
        self._untold = {host for host in changed if self._frozen(host)}
        began_ns = time.monotonic_ns()
        for host in sorted(changed - self._untold):
            ahead_s = sum(c.offset_s for c in _of(self._held, p.ClockOff) if c.host == host)
            self._nodes.set_clock(host, round(ahead_s * SECOND / self._settings.speed))
            evidence.setdefault("clocks_ahead_s", {})[host] = ahead_s
        return began_ns if changed else None

    def _interfaces(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        lab = self._lab
        instants: list[int] = []
        for is_on, changed in ((False, ends), (True, begins)):
            instants += [lab.carrier(c.node, c.network, not is_on) for c in _of(changed, p.CarrierDown)]
            instants += [lab.address(c.node, c.network, not is_on) for c in _of(changed, p.AddressGone)]
            instants += [lab.mtu(c.node, c.network, c.mtu if is_on else None) for c in _of(changed, p.MtuLimit)]
            instants += [self._wrong_address(c, is_on) for c in _of(changed, p.AddressWrong)]
            instants += [self._missing_route(c, is_on) for c in _of(changed, p.RouteMissing)]
        if instants:
            evidence["interfaces_changed"] = len(instants)
        return max(instants, default=None)

    def _wrong_address(self, condition: p.AddressWrong, is_on: bool) -> int:
        wrong = f"{condition.address}/{PREFIX_LENGTH} dev {node_interface(condition.network)}"
        if is_on:
            self._lab.address(condition.node, condition.network, False)
            self._inside(condition.node, ["ip", "-batch", "-"], f"address replace {wrong}\n")
            return time.monotonic_ns()
        self._inside(condition.node, ["ip", "-force", "-batch", "-"], f"address del {wrong}\n")
        return self._lab.address(condition.node, condition.network, True)

    def _missing_route(self, condition: p.RouteMissing, is_on: bool) -> int:
        """Without any route over the interface: a default route left behind would still reach the gateway."""
        spec, network = self._settings.topology, condition.network
        device = node_interface(network)
        if is_on:
            lines = [f"route flush dev {device}"]
        else:
            own = spec.address(condition.node, network)
            prefix = IPv4Interface(f"{own}/{PREFIX_LENGTH}").network
            lines = [f"route replace {prefix} dev {device} scope link src {own}"]
            if network == spec.networks[0]:
                lines.append(f"route replace default via {spec.address(GATEWAY, network)} dev {device}")
        self._inside(condition.node, ["ip", "-batch", "-"], "".join(f"{line}\n" for line in lines))
        return time.monotonic_ns()

    def _impairments(self, wanted: frozenset[p.AnyCondition]) -> list[Change]:
        """How to get there, for every node whose filters or queues are concerned."""
        nodes = {node for c in self._held ^ wanted if (node := filtered_at(c)) is not None}
        try:
            return self._lab.impairments.prepare(impairments(wanted, nodes, self._settings.speed))
        except UnusableMachineError as error:
            raise EffectUnavailable(error.what, error.fix) from None
        except ImpairError as error:
            raise EffectUnavailable(str(error), "run this scenario with --backend simulation") from None

    def _filters(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        if not self._impairing:
            return None
        evidence["filters_changed"] = [change.node for change in self._impairing]
        try:
            effective_ns = self._lab.impairments.apply(self._impairing)
        except UnusableMachineError as error:
            raise EffectUnavailable(error.what, error.fix) from None
        if means := self._lab.impairments.means():
            evidence["means"] = means
        return effective_ns

    def _storage(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        wanted = {(c.host, c.datastore): "ok" for c in _of(ends, p.StorageLost)}
        wanted |= {(c.host, c.datastore): c.access for c in _of(begins, p.StorageLost)}
        if not wanted:
            return None
        evidence["views_changed"] = [f"{host} {name} {view}" for (host, name), view in sorted(wanted.items())]
        began_ns = self._lab.set_storage(wanted)  # type: ignore[arg-type]
        evidence["took_ns"] = time.monotonic_ns() - began_ns
        return began_ns

    def _gateway(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        if not _of(begins | ends, p.GatewaySilent):
            return None
        silent = bool(_of(self._held, p.GatewaySilent))
        evidence["gateway_silent"] = silent
        return self._lab.gateway(silent=silent)

    def _agents(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        instant = None
        for condition in _of(begins, p.AgentDown):
            answer = self._nodes.ask(condition.host, KillAgent(condition.watchdog))
            if not isinstance(answer, Killed) or not answer.pid:
                raise StageError(f"the agent of {condition.host} could not be killed: {answer!r}")
            evidence.setdefault("agents_killed", []).append(condition.host)
            instant = max(instant or 0, answer.at_ns)
        for condition in _of(ends, p.AgentDown):
            if not condition.watchdog and condition.host in self._nodes.pids:
                self._nodes.ask(condition.host, Watchdog(True))
                evidence.setdefault("watchdogs_on", []).append(condition.host)
                instant = time.monotonic_ns()
        return instant

    def _vcenter(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        if _of(begins, p.VcenterDown):
            evidence["vcenter"] = "killed"
            return self._nodes.kill(VCENTER)
        if _of(ends, p.VcenterDown) and self._lab.powered(VCENTER):
            self._nodes.start(self._lab, [VCENTER])
            evidence["vcenter"] = "started"
            return time.monotonic_ns()
        return None

    def _configuration(
        self, begins: frozenset[p.AnyCondition], ends: frozenset[p.AnyCondition], evidence: dict[str, Any]
    ) -> int | None:
        """What users want of vCenter; one that is dead is told when it is back. In effect when it is told: what follows
        from it comes after that, and some of it before the answer."""
        if VCENTER not in self._nodes.pids:
            return None
        began_ns = time.monotonic_ns()
        resting = frozenset(c.host for c in _of(self._held, p.Maintenance))
        options = frozenset(_of(self._held, p.Reconfigured))
        told = sorted(resting ^ self._resting)
        for host in told:
            self._nodes.ask(VCENTER, TellVcenter(UserMaintenance(host, host in resting)))
        if options != self._options:
            told += sorted(c.option for c in options ^ self._options)
            config, spec = self._settings.config, self._settings.topology
            wanted = config_under(config, spec, self._held, config.generation)
            self._nodes.ask(VCENTER, TellVcenter(UserReconfigure(wanted)))
        self._resting, self._options = resting, options
        if not told:
            return None
        evidence["vcenter_told"] = told
        return began_ns

    # --- Commands -----------------------------------------------------------------------------------------------------

    def _command(self, command: p.AnyCommand, evidence: dict[str, Any]) -> int:
        began_ns = time.monotonic_ns()
        match command:
            case p.VmPower(vm=vm, on=on, host=host):
                self._nodes.ask(VCENTER, TellVcenter(UserPower(vm, on, host)))
                evidence.setdefault("vcenter_asked", []).append(vm)
            case p.VmCrash(vm=vm) | p.VmHang(vm=vm):
                where = self._where.get(vm, "")
                if not where:
                    raise StageError(f"{vm} runs nowhere, so it cannot {'crash' if _crashes(command) else 'hang'}")
                self._nodes.ask(where, HarmVm(vm, "crash" if _crashes(command) else "hang"))
                evidence.setdefault("vms_harmed", {})[vm] = where
        return began_ns

    def _host_of(self, vm: str) -> str:
        for node in self._nodes.pids:
            if node != VCENTER and self._lab.powered(node) and not self._frozen(node):
                here = self._nodes.ask(node, Who())
                if isinstance(here, Here) and vm in here.vms:
                    return node
        return ""

    def _frozen(self, node: str) -> bool:
        return any(c.host == node for c in _of(self._held, p.Frozen))

    def _inside(self, node: str, argv: list[str], text: str | None) -> str:
        """Run a command in the node's network namespace, whether it is powered or not."""
        inside = ["nsenter", f"--net={self._lab.netns(node)}", "--", *argv]
        result = subprocess.run(inside, input=text, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False)
        if result.returncode != 0 and "-force" not in argv:
            raise StageError(f"{node}: {' '.join(argv)}: {result.stderr.strip()}")
        return result.stdout


def _crashes(command: p.AnyCommand) -> bool:
    return isinstance(command, p.VmCrash)
