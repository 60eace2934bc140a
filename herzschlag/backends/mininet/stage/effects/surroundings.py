"""Effects on what hosts share and depend on: their views of the datastores, and the gateway."""

from __future__ import annotations

import time

from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference
from herzschlag.faults import primitives as p
from herzschlag.faults.line_quality import MILLISECOND
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.lab.storage import StorageView


class Storage:
    def __init__(self, lab: Lab, speed: float) -> None:
        self._lab = lab
        self._speed = speed

    def apply(self, change: Difference) -> Applied | None:
        lost = change.of(p.StorageLost)
        if not lost:
            return None
        views: dict[tuple[str, str], StorageView] = {
            (c.host, c.datastore): "ok" for c in lost.ends if c.access != "full"
        }
        views |= {(c.host, c.datastore): c.access for c in lost.begins if c.access != "full"}
        full = {c.datastore: False for c in lost.ends if c.access == "full"}
        full |= {c.datastore: True for c in lost.begins if c.access == "full"}
        began = [self._lab.set_full(name, now) for name, now in sorted(full.items())]
        if views:
            delay_ns = {
                (c.host, c.datastore): round(c.delay_ms * MILLISECOND / self._speed)
                for c in lost.begins
                if c.access == "slow"
            }
            began.append(self._lab.set_storage(views, delay_ns))
        began_ns = min(began)
        changed = [f"{host} {name} {view}" for (host, name), view in sorted(views.items())]
        changed += [f"{name} {'full' if now else 'has space'}" for name, now in sorted(full.items())]
        return Applied(began_ns, {"views_changed": changed}, took_ns=time.monotonic_ns() - began_ns)


class Gateway:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def apply(self, change: Difference) -> Applied | None:
        gateway = change.of(p.GatewaySilent)
        if not gateway:
            return None
        silent = bool(gateway.wanted)
        return Applied(self._lab.gateway(silent=silent), {"gateway_silent": silent})
