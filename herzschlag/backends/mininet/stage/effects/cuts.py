"""Links and ports that the controller cuts at the switches."""

from __future__ import annotations

from typing import Any

from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference
from herzschlag.controller.client import ControllerClient
from herzschlag.faults import primitives as p

EVIDENCE_LINKS_MAX = 64
"""Links named one by one in a record; more are summed up."""


class Cuts:
    def __init__(self, controller: ControllerClient) -> None:
        self._controller = controller

    def dropped(self, change: Difference) -> dict[str, Any]:
        """What shows that the cuts that end were met: the packets that each of them dropped. Nothing is changed."""
        ending = {(c.network, c.src, c.dst) for c in change.of(p.LinkCut).ends if c.at == "switch"}
        if not ending:
            return {}
        dropped = {
            f"{c.network} {c.src} {c.dst}": c.packets
            for c in self._controller.status().cuts
            if (c.network, c.src, c.dst) in ending and c.packets is not None
        }
        evidence: dict[str, Any] = {"dropped": sum(dropped.values())}
        if len(dropped) <= EVIDENCE_LINKS_MAX:
            evidence["dropped_by_link"] = dropped
        return evidence

    def apply(self, change: Difference) -> Applied | None:
        links, ports = change.of(p.LinkCut), change.of(p.PortDown)
        if not ports and not any(c.at == "switch" for c in links.changed):
            return None
        silent = sorted((c.network, c.src, c.dst) for c in links.wanted if c.at == "switch")
        done = self._controller.set_cuts(silent, sorted((c.network, c.node) for c in ports.wanted))
        evidence = {"flows_changed": done.flows_changed, "ports_changed": done.ports_changed}
        return Applied(done.effective_ns, evidence)
