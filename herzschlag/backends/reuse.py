"""The continued use of a lab: the same session, with a history of its own for the next user.

This module decides what of the past the next history needs, and when a lab is as it was when it was new. For each
host, VM, lock and opinion the next history begins with the last record, at its own time, so that checkers know the
state; and for each process with the record of its latest timer, which bounds all later ones, because a process
records at once a timer that is later than all before. Everything else of the past is left out. This module leaves
whether a lab is used again to `herzschlag.plugin.labs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from herzschlag.backends.base import Effect, Session
from herzschlag.backends.names import BackendName
from herzschlag.faults import Fault
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.kinds import KINDS
from herzschlag.history.records import Record
from herzschlag.history.sent import SentPacket
from herzschlag.history.standing import Thing, latest


def difference(before: Mapping[Thing, tuple[Any, ...]], now: Mapping[Thing, tuple[Any, ...]]) -> str:
    """One difference between two snapshots of a cluster, in words; empty when they are equal."""
    things = [thing for thing in now.keys() | before.keys() if now.get(thing) != before.get(thing)]
    if not things:
        return ""
    thing = min(things, key=str)
    return f"{' '.join(map(str, thing))} is {_says(now.get(thing))}, it was {_says(before.get(thing))}"


def remembered(records: Sequence[Record], since_ns: int) -> list[str]:
    """Kinds of records from then on whose events leave a trace in the cluster although its state is as before."""
    return sorted({item.kind for item in records if KINDS[item.kind].entry.remembered and item.at_ns >= since_ns})


def _says(how: tuple[Any, ...] | None) -> str:
    return "not there" if how is None else " ".join(str(word) for word in how if word is not None)


class ContinuedSession:
    """Hands everything on to the session that runs the lab; only its records begin anew."""

    def __init__(self, session: Session) -> None:
        before = session.records()
        self._inner = session.inner
        self._records = latest(before)
        self._seen = len(self._inner.records())
        self._inner.resume()

    @property
    def inner(self) -> Session:
        return self._inner

    @property
    def name(self) -> BackendName:
        return self._inner.name

    @property
    def speed(self) -> float:
        return self._inner.speed

    @property
    def after_heartbeat_ns(self) -> int:
        return self._inner.after_heartbeat_ns

    @property
    def lead_ns(self) -> int:
        return self._inner.lead_ns

    @property
    def capture(self) -> CaptureFacts | None:
        return self._inner.capture

    def start(self) -> None:
        """Do nothing: the session runs already."""

    def now_ns(self) -> int:
        return self._inner.now_ns()

    def begin(self, fault_id: str, fault: Fault, at_ns: int, every_ns: int = 0) -> Effect:
        return self._inner.begin(fault_id, fault, at_ns, every_ns)

    def end(self, fault_id: str, at_ns: int, every_ns: int = 0) -> Effect:
        return self._inner.end(fault_id, at_ns, every_ns)

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        return self._inner.run_until(at_ns, stop)

    def records(self) -> Sequence[Record]:
        fresh = self._inner.records()
        self._records += fresh[self._seen :]
        self._seen = len(fresh)
        return self._records

    def sent(self) -> Iterable[SentPacket]:
        return self._inner.sent()

    def versions(self) -> Mapping[str, str]:
        return self._inner.versions()

    def look(self) -> Mapping[str, str]:
        return self._inner.look()

    def finish(self) -> None:
        self._inner.finish()

    def resume(self) -> None:
        self._inner.resume()

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
