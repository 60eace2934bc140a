"""The session of the simulation: `backends.base.Session` over a `SimCluster`.

This module decides nothing about the cluster. Time passes only inside `run_until`, `begin` and `end`, so a run takes as
long as its events and gives the same history each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from herzschlag.backends.base import Effect
from herzschlag.backends.names import BackendName
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.faults import Fault
from herzschlag.history.records import Record
from herzschlag.history.sent import SentPacket
from herzschlag.scenarios.plan import Plan

AFTER_HEARTBEAT_NS = 10_000_000
"""How long after a heartbeat instant faults are set off: by then, everything that the heartbeat caused has happened."""


class SimulationSession:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.cluster = SimCluster(plan)
        self._finished = False

    @property
    def name(self) -> BackendName:
        return "simulation"

    @property
    def inner(self) -> Self:
        return self

    @property
    def speed(self) -> float:
        return 1.0

    @property
    def after_heartbeat_ns(self) -> int:
        return AFTER_HEARTBEAT_NS

    @property
    def lead_ns(self) -> int:
        return 0

    @property
    def capture(self) -> None:
        return None

    def start(self) -> None:
        self.cluster.start()

    def now_ns(self) -> int:
        return self.cluster.now_ns

    def begin(self, fault_id: str, fault: Fault, at_ns: int, every_ns: int = 0) -> Effect:
        self.cluster.run_until(at_ns)
        changed = self.cluster.disturbances.begin(fault_id, fault.primitives(self._plan.topology))
        return Effect(at_ns, self.cluster.now_ns, self.cluster.now_ns, evidence={"changed": changed})

    def end(self, fault_id: str, at_ns: int, every_ns: int = 0) -> Effect:
        self.cluster.run_until(at_ns)
        line = self.cluster.disturbances.line_effect(fault_id)
        evidence: dict[str, Any] = {} if line is None else {"line": line}
        evidence["changed"] = self.cluster.disturbances.end(fault_id)
        dropped = self.cluster.disturbances.drops[fault_id].packets
        return Effect(at_ns, self.cluster.now_ns, self.cluster.now_ns, dropped=dropped, evidence=evidence)

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        return self.cluster.run_until(at_ns, stop)

    def records(self) -> Sequence[Record]:
        return self.cluster.records

    def sent(self) -> Iterable[SentPacket]:
        return self.cluster.network.sent()

    def versions(self) -> Mapping[str, str]:
        return {"simulation": "virtual time, one queue"}

    def look(self) -> Mapping[str, str]:
        """The conditions in force, since faults are the only way into a simulated cluster."""
        return {"conditions": "\n".join(sorted(map(repr, self.cluster.disturbances.in_force)))}

    def finish(self) -> None:
        if not self._finished:
            self._finished = True
            self.cluster.write_evidence()

    def resume(self) -> None:
        self._finished = False

    def close(self) -> None:
        """Do nothing: nothing outlives the object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
