"""A session that plays a script instead of a cluster: for testing what uses a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from herzschlag.backends.base import Effect
from herzschlag.backends.names import BackendName
from herzschlag.faults import Fault
from herzschlag.history.records import SECOND, Record, record
from herzschlag.history.sent import SentPacket
from herzschlag.scenarios.plan import Plan


def healthy_start(plan: Plan, at_s: float = 15.0, *, late: str = "") -> list[Record]:
    """The records of a cluster on its way to readiness; `late` names a host that is connected ten seconds later."""
    at_ns = round(at_s * SECOND)
    master, *slaves = plan.topology.moids
    found = [record(at_ns, master, "role", {"from": "election", "to": "master", "because": "won", "master": master})]
    for host in slaves:
        then_ns = at_ns + (10 * SECOND if host == late else 0)
        found.append(
            record(then_ns, host, "role", {"from": "election", "to": "slave", "because": "", "master": master})
        )
        state = {"host": host, "from": "election", "to": "connectedToMaster", "because": ""}
        found.append(record(then_ns, master, "host-state", state))
    for vm, host in plan.placement.items():
        found.append(record(at_ns, host, "vm", {"vm": vm, "from": "off", "to": "on", "because": ""}))
        found.append(record(at_ns, master, "protect", {"vm": vm, "because": ""}))
    return found


class ScriptedSession:
    """It gives the records of its script at their times; every begin and end is noted.

    A begin takes effect `takes_ns` later."""

    def __init__(
        self,
        plan: Plan,
        script: Sequence[Record] | None = None,
        *,
        failure: tuple[str, BaseException] | None = None,
        takes_ns: int = 1000,
    ) -> None:
        self._script = sorted(healthy_start(plan) if script is None else script, key=lambda item: item.at_ns)
        self._failure = failure
        self._takes_ns = takes_ns
        self._now_ns = 0
        self._records: list[Record] = []
        self.calls: list[tuple[str, Any, int]] = []
        self.closed = False

    name: BackendName = "simulation"
    speed = 1.0
    after_heartbeat_ns = 10_000_000
    lead_ns = 0
    capture = None

    @property
    def inner(self) -> Self:
        return self

    def _maybe_fail(self, where: str) -> None:
        if self._failure is not None and self._failure[0] == where:
            raise self._failure[1]

    def start(self) -> None:
        self._maybe_fail("start")

    def now_ns(self) -> int:
        return self._now_ns

    def begin(self, fault_id: str, fault: Fault, at_ns: int, every_ns: int = 0) -> Effect:
        self._maybe_fail("begin")
        self.run_until(at_ns)
        self.calls.append(("begin", fault_id, self._now_ns))
        return Effect(at_ns, self._now_ns, self._now_ns + self._takes_ns, evidence={"shown": True})

    def end(self, fault_id: str, at_ns: int, every_ns: int = 0) -> Effect:
        self.run_until(at_ns)
        self.calls.append(("end", fault_id, self._now_ns))
        return Effect(at_ns, self._now_ns, self._now_ns)

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        while self._script and self._script[0].at_ns <= at_ns:
            item = self._script.pop(0)
            self._records.append(item)
            self._now_ns = max(self._now_ns, item.at_ns)
            if stop is not None and stop(item):
                return True
        self._now_ns = max(self._now_ns, at_ns)
        return False

    def records(self) -> Sequence[Record]:
        return self._records

    def sent(self) -> Iterable[SentPacket]:
        return ()

    def versions(self) -> Mapping[str, str]:
        return {"scripted": "1"}

    def look(self) -> Mapping[str, str]:
        return {}

    def finish(self) -> None:
        self._maybe_fail("finish")
        self.calls.append(("finish", "", self._now_ns))

    def resume(self) -> None:
        self.calls.append(("resume", "", self._now_ns))

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
