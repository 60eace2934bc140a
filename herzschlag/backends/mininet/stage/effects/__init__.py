"""The changes by which a stage makes exactly the wanted conditions hold in its lab.

This module decides which part carries a condition out and in which order the parts come. It leaves the means to the
files of this folder, and which conditions are wanted to the runner. What is wanted is absolute: only the difference to
what holds is changed. Every part says from which instant on its change was in effect, and gives the evidence for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from herzschlag.backends.mininet.stage.api import StageSettings
from herzschlag.backends.mininet.stage.effects.commands import Commands
from herzschlag.backends.mininet.stage.effects.cuts import Cuts
from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference, in_force_since
from herzschlag.backends.mininet.stage.effects.errors import EffectUnavailable
from herzschlag.backends.mininet.stage.effects.filters import Filters
from herzschlag.backends.mininet.stage.effects.hosts import Agents, Clocks, Freezing, Power
from herzschlag.backends.mininet.stage.effects.interfaces import Interfaces
from herzschlag.backends.mininet.stage.effects.surroundings import Gateway, Storage
from herzschlag.backends.mininet.stage.effects.vcenter import VcenterProcess, VcenterUsers
from herzschlag.backends.mininet.stage.foreign.programs import Programs
from herzschlag.backends.mininet.stage.nodes import Nodes
from herzschlag.controller.client import ControllerClient
from herzschlag.faults.primitives import AnyCommand, AnyCondition
from herzschlag.topo.lab.lab import Lab

__all__ = ["EffectUnavailable", "Effects", "Prepared"]

EVIDENCE_LINKS_MAX = 64
"""The most links that a record names one by one; more are summed up."""

Step = Callable[[], Applied | None]


class Prepared:
    """A change that is worked out and waits for its instant."""

    def __init__(self, dropped: dict[str, int] | None, evidence: dict[str, Any], steps: Sequence[Step]) -> None:
        self._dropped = dropped
        self._evidence = evidence
        """Like `_dropped`, proof that the conditions that end were in effect, so it is read before they end."""
        self._steps = steps

    def apply(self) -> Applied:
        """Make the change, once."""
        parts = [part for step in self._steps if (part := step()) is not None]
        evidence = dict(self._evidence)
        dropped = self._dropped
        if dropped is not None and len(dropped) <= EVIDENCE_LINKS_MAX:
            evidence["dropped_by_link"] = dropped
        for part in parts:
            evidence |= part.evidence
        return Applied(
            in_force_since(parts),
            evidence,
            took_ns=max((part.took_ns for part in parts), default=0),
            dropped=None if dropped is None else sum(dropped.values()),
        )


class Effects:
    def __init__(
        self, settings: StageSettings, lab: Lab, controller: ControllerClient, nodes: Nodes | Programs
    ) -> None:
        self._held: frozenset[AnyCondition] = frozenset()
        self._cuts = Cuts(controller)
        self._filters = Filters(lab, settings.speed)
        self._commands = Commands(lab, nodes)
        self._before_filters = (Power(lab, nodes), Freezing(lab), Clocks(nodes, settings.speed), Interfaces(lab))
        self._after_filters = (
            *(Storage(lab, settings.speed), Gateway(lab), Agents(nodes)),
            *(VcenterProcess(lab, nodes), VcenterUsers(settings, nodes)),
        )

    def prepare(self, wanted: frozenset[AnyCondition], commands: Iterable[AnyCommand]) -> Prepared:
        """Do before the instant of the change what takes time and changes nothing: work out filters and queues, find
        VMs, read the counters of what ends. Raises EffectUnavailable."""
        change = Difference(self._held, wanted)
        dropped, evidence = self._cuts.dropped(change), self._filters.dropped(change)
        filters = self._filters.prepare(change)
        located = self._commands.prepare(commands, self._held)

        def hold() -> None:
            self._held = wanted

        def step(part: Any) -> Step:
            return lambda: part.apply(change)

        return Prepared(
            dropped,
            evidence,
            [
                hold,
                step(self._cuts),
                *map(step, self._before_filters),
                lambda: self._filters.apply(filters),
                *map(step, self._after_filters),
                lambda: self._commands.apply(located),
            ],
        )
