"""The history of a run that is played by hand, complete for judging at its end or while it goes on.

This module decides which evidence counts when it was collected more than once: the latest. It leaves judging to the
checkers, and the scenario to be judged by to `logbook.py`.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.backends.base import Session
from herzschlag.history.kinds import End
from herzschlag.history.records import RUNNER, History, written
from herzschlag.running.conductor import Conductor

EVIDENCE_KINDS = ("disk", "counters", "last-heartbeat", "sent", "switches")
"""Kinds of records that sum up the run until they were written: two such records would count everything twice."""


class Judgement:
    def __init__(self, session: Session, conductor: Conductor) -> None:
        self._session = session
        self._conductor = conductor
        self._evidence: set[int] = set()
        """Numbers of the session's records that the last look collected."""
        self._outdated: set[int] = set()

    def finish(self) -> None:
        """Collect the evidence of the end."""
        self._collect(self._conductor.finish)

    def history(self) -> History:
        return self._conductor.history(self._outdated)

    def history_so_far(self) -> History:
        """The history as if the run ended now; it goes on."""
        self._collect(self._session.finish)
        history = [item for item in self.history() if item.kind != "end"]
        end = written(self._session.now_ns(), RUNNER, End(because="a look at what happened so far"))
        self._session.resume()
        return History.ordered([*history, end])

    def _collect(self, collecting: Callable[[], None]) -> None:
        seen = len(self._session.records())
        collecting()
        self._outdated |= self._evidence
        self._evidence = {r.seq for r in self._session.records()[seen:] if r.kind in EVIDENCE_KINDS}
