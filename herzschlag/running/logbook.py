"""The log of what was done to a cluster by hand, from which a scenario file can do the same again.

This module decides what a step of such a scenario is: a fault with its name, since when it was in force and for how
long, in seconds since the cluster was ready. It leaves setting faults off to `conductor.py`.
"""

from __future__ import annotations

import math

import msgspec

from herzschlag.faults import Fault, kind_of
from herzschlag.scenarios.expectations import Allow, Expectations
from herzschlag.scenarios.model import Scenario, Step

PATIENCE_S = 90.0
"""How long a VM may be off before its restart is overdue: an isolated host powers it off up to 30 s before its master
reads that; a master that dies at the same time costs 35 s; the rest is a margin."""


class Logbook:
    def __init__(self) -> None:
        self._over: list[Step] = []
        """Faults that were healed, and those that nothing heals."""
        self._open: dict[str, tuple[Fault, float]] = {}
        self._allowed: list[Allow] = []
        self._count = 0

    @property
    def active(self) -> dict[str, Fault]:
        """Faults that can be healed and were not, by name, in the order in which they began."""
        return {fault_id: fault for fault_id, (fault, _) in self._open.items()}

    @property
    def over(self) -> tuple[Fault, ...]:
        return tuple(step.fault for step in self._over)

    def name(self, fault: Fault, wanted: str = "") -> str:
        """The name of a fault that is about to begin: the one wanted, or its number among all faults and its kind."""
        self._count += 1
        return wanted or f"{self._count} {kind_of(fault)}"

    def begin(self, fault_id: str, fault: Fault, at_s: float) -> None:
        if type(fault).undoable:
            self._open[fault_id] = (fault, at_s)
        else:
            self._over.append(Step(at_s=at_s, fault=fault, id=fault_id))

    def end(self, fault_id: str, at_s: float) -> None:
        fault, began_s = self._open.pop(fault_id)
        self._over.append(Step(at_s=began_s, fault=fault, id=fault_id, for_s=round(at_s - began_s, 3)))

    def allow(self, checker: str, because: str) -> None:
        self._allowed.append(Allow(checker=checker, because=because))

    def scenario(self, base: Scenario, now_s: float) -> Scenario:
        """What was done so far, on the cluster of `base` and under its name; faults still active stay to its end."""
        still = [Step(at_s=at_s, fault=fault, id=fault_id) for fault_id, (fault, at_s) in self._open.items()]
        steps = tuple(sorted([*self._over, *still], key=lambda step: step.at_s))
        ends = [step.at_s if step.end_s is None else step.end_s for step in steps]
        return msgspec.structs.replace(
            base,
            steps=steps,
            expect=Expectations(allow=tuple(self._allowed)),
            patience_s=PATIENCE_S,
            # Rounded up to whole seconds, so that the event waited for just now is still within the run.
            settle_s=float(max(1, math.ceil(now_s - max(ends, default=0.0)))),
        )
