"""Links and ports that the controller cuts at the switches."""

from __future__ import annotations

from herzschlag.backends.mininet.stage.api import cut_name
from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference
from herzschlag.controller.client import ControllerClient
from herzschlag.faults import primitives as p


class Cuts:
    def __init__(self, controller: ControllerClient) -> None:
        self._controller = controller

    def dropped(self, change: Difference) -> dict[str, int] | None:
        """How many packets were dropped by each link whose cut ends; None if none ends. This changes nothing."""
        ending = {(c.network, c.src, c.dst) for c in change.of(p.LinkCut).ends if c.at == "switch"}
        if not ending:
            return None
        return {
            cut_name(c.network, c.src, c.dst): c.packets
            for c in self._controller.status().cuts
            if (c.network, c.src, c.dst) in ending and c.packets is not None
        }

    def apply(self, change: Difference) -> Applied | None:
        links, ports = change.of(p.LinkCut), change.of(p.PortDown)
        if not ports and not any(c.at == "switch" for c in links.changed):
            return None
        silent = sorted((c.network, c.src, c.dst) for c in links.wanted if c.at == "switch")
        done = self._controller.set_cuts(silent, sorted((c.network, c.node) for c in ports.wanted))
        evidence = {"flows_changed": done.flows_changed, "ports_changed": done.ports_changed}
        return Applied(done.effective_ns, evidence)
