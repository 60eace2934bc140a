"""The contract of every backend: one session per run, driven from outside in protocol time.

This module decides the contract between the runner (and the live page, and the pytest plugin) and a backend. How it
is kept is up to `mininet/` and `simulation/`. The contract in words:

- The clock counts protocol nanoseconds since the run began. Its zero lies on the heartbeat grid, so heartbeats of
  hosts with phase 0 go out at whole multiples of the heartbeat interval.
- `start` brings everything up: lab, hypervisors, agents, vCenter with the plan's configuration, and has vCenter power
  on the plan's VMs on their hosts. It returns as soon as all of that is under way; the runner waits for readiness by
  the records.
- `begin` and `end` are absolute: the conditions wanted are those of all faults now active together.
- Records come with protocol times and may arrive slightly out of order; the runner sorts them. `fault` records are the
  runner's own. `finish` adds what can only be known at the end: kinds `disk`, `counters`,
  `lateness`, and, where no capture shows heartbeats, `last-heartbeat`.
- When a part of the harness dies (switch, controller, a process that was not told to end), the session adds a record
  `machinery` and every later call but `close` raises MachineryDied.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from herzschlag.backends.names import BackendName
from herzschlag.errors import HarnessFailure, UnusableMachine
from herzschlag.faults import Fault
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.records import Record
from herzschlag.history.sent import SentPacket


class Missing(msgspec.Struct, frozen=True):
    """Something this machine lacks, and the way to get it."""

    what: str
    fix: str


class BackendUnavailable(UnusableMachine):
    """This machine cannot run the backend, or a fault of this scenario: exit status 4."""

    def __init__(self, *missing: Missing) -> None:
        super().__init__("; ".join(f"{item.what} is missing: {item.fix}" for item in missing))
        self.missing = missing


class MachineryDied(HarnessFailure):
    """A part of the harness died: the run's verdict is unknown."""


class Effect(msgspec.Struct, frozen=True):
    """What the beginning or the end of a fault did."""

    planned_ns: int
    """Protocol time at which it was to happen."""
    asked_ns: int
    """Protocol time at which the backend began."""
    effective_ns: int
    """Protocol time from which on it was in force everywhere."""
    took_ns: int = 0
    """How long it took to come into force everywhere, in real time."""
    dropped: int | None = None
    """How many packets a fault that ends has affected, where they were counted."""
    evidence: dict[str, Any] = {}
    """The evidence that it happened, in the backend's own words: flows changed, processes killed, ..."""


class Session(Protocol):
    """One running lab."""

    @property
    def name(self) -> BackendName: ...

    @property
    def inner(self) -> Session:
        """The session that runs the lab: this one, unless it only continues another."""
        ...

    @property
    def speed(self) -> float:
        """Protocol seconds per real second; 1 in the simulation."""
        ...

    @property
    def after_heartbeat_ns(self) -> int:
        """How long after a heartbeat instant a fault is set off, protocol time: 10 ms of the backend's own time."""
        ...

    @property
    def lead_ns(self) -> int:
        """How long before its instant a change should be handed to the backend at least, protocol time."""
        ...

    @property
    def capture(self) -> CaptureFacts | None:
        """The facts that tie packets to the history; None if this backend has no packets."""
        ...

    def start(self) -> None: ...

    def now_ns(self) -> int: ...

    def begin(self, fault_id: str, fault: Fault, at_ns: int, every_ns: int = 0) -> Effect:
        """Set the fault off at `at_ns`, and wait until it is in force. If `at_ns` has passed: immediately, or, with
        `every_ns`, at the next `at_ns + k * every_ns`."""
        ...

    def end(self, fault_id: str, at_ns: int, every_ns: int = 0) -> Effect: ...

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        """Let time pass until `at_ns`, collecting records; return True at once when `stop` is true of a new one."""
        ...

    def records(self) -> Sequence[Record]:
        """All records so far; a growing list, earlier ones never change."""
        ...

    def sent(self) -> Iterable[SentPacket]:
        """What nodes sent so far, where the plan has it counted and no capture shows it."""
        ...

    def versions(self) -> Mapping[str, str]:
        """For run.json: what served (Open vSwitch, datapath, controller framework, kernel)."""
        ...

    def look(self) -> Mapping[str, str]:
        """The present content of every place in the lab that no record describes, to be compared with another look."""
        ...

    def finish(self) -> None:
        """Collect the evidence of the end into `records()`; from now on time does not pass."""
        ...

    def resume(self) -> None:
        """After `finish`: let time go on again, for the next user of this lab."""
        ...

    def close(self) -> None:
        """End everything; may be called at any moment and twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class HasSandbox(ABC):
    """An inner session whose lab is in a sandbox of this machine, which another process can enter."""

    @property
    @abstractmethod
    def sandbox_pid(self) -> int:
        """The first process of the sandbox, as this process numbers it."""

    @abstractmethod
    def holders(self) -> Mapping[str, int]:
        """Every node that has power, with its pid 1 as the sandbox numbers it."""
