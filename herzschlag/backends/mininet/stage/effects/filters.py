"""Packet filters and queues of the nodes themselves, which drop, hold back or duplicate what a node sends."""

from __future__ import annotations

from typing import Any

from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference
from herzschlag.backends.mininet.stage.effects.errors import EffectUnavailable
from herzschlag.backends.mininet.stage.impairments import filtered_at, impairments
from herzschlag.faults.line_quality import line_effect
from herzschlag.faults.primitives import Impaired
from herzschlag.topo.errors import ImpairError, UnusableMachineError
from herzschlag.topo.impairments.apply import Change
from herzschlag.topo.lab.lab import Lab


class Filters:
    def __init__(self, lab: Lab, speed: float) -> None:
        self._lab = lab
        self._speed = speed

    def dropped(self, change: Difference) -> dict[str, Any]:
        """The evidence that packets met the filters that end: counters by node. This changes nothing."""
        evidence: dict[str, Any] = {}
        for node in sorted({node for c in change.ends if (node := filtered_at(c)) is not None}):
            for what, packets in self._lab.impairments.counted(node).items():
                evidence.setdefault(what, {})[node] = packets
        ending = change.of(Impaired).ends
        lines = {link: c for node in {c.src for c in ending} for link, c in self._lab.impairments.lines(node).items()}
        if found := [lines[link] for c in ending if (link := (c.network, c.src, c.dst)) in lines]:
            evidence["line"] = line_effect(found, self._speed)
        return evidence

    def prepare(self, change: Difference) -> list[Change]:
        """The steps of the change, for every node whose filters or queues change. Raises EffectUnavailable."""
        nodes = {node for c in change.begins | change.ends if (node := filtered_at(c)) is not None}
        try:
            return self._lab.impairments.prepare(impairments(change.wanted, nodes, self._speed))
        except UnusableMachineError as error:
            raise EffectUnavailable(error.what, error.fix) from None
        except ImpairError as error:
            raise EffectUnavailable(str(error), "run this scenario with --backend simulation") from None

    def apply(self, prepared: list[Change]) -> Applied | None:
        if not prepared:
            return None
        evidence: dict[str, Any] = {"filters_changed": [change.node for change in prepared]}
        try:
            effective_ns = self._lab.impairments.apply(prepared)
        except UnusableMachineError as error:
            raise EffectUnavailable(error.what, error.fix) from None
        if means := self._lab.impairments.means():
            evidence["means"] = means
        return Applied(effective_ns, evidence)
