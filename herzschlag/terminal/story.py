"""What happened in a run, from the first fault on, in a few lines.

This module decides which records tell the story. Those that a finding cites always do; what vCenter repeats of a
master never does otherwise.
"""

from __future__ import annotations

from collections.abc import Collection

from herzschlag.history.clock import Clock
from herzschlag.history.records import History, Record
from herzschlag.history.words import clause, sentence
from herzschlag.languages import gettext
from herzschlag.topo.spec import VCENTER

LINES_MAX = 15
_FIRST = ("fault", "role", "isolation", "machinery", "vmcp", "user")
_IMPLIED = {("restart", "begins"), ("restart", "done"), ("vm", "starting"), ("vm", "stopping")}
"""What another record of the story says as well."""
_SECOND = ("host-state", "liveness", "restart", "vm", "guest", "agent", "datastore")


def story(history: History, cited: Collection[int] = (), lines_max: int = LINES_MAX) -> list[tuple[str, str, str]]:
    """(instant, sentence, reason) in order of time; where some are left out, the last line says how many."""
    clock = Clock.of(history)
    told = [r for r in history if r.at_ns >= clock.zero_ns and _weight(r, cited) is not None]
    shown = told
    if len(told) > lines_max:
        best = sorted(told, key=lambda r: (_weight(r, cited) or 0, r.seq))[: lines_max - 1]
        shown = sorted(best, key=lambda r: r.seq)
    lines = [(clock.told(r.at_ns), sentence(r), clause(r)) for r in shown]
    if len(told) > len(shown):
        lines.append(("", gettext("and {number} more, which the report shows", number=len(told) - len(shown)), ""))
    return lines


def _weight(record: Record, cited: Collection[int]) -> int | None:
    """The smaller, the sooner it is shown; None: never."""
    if record.kind not in (*_FIRST, *_SECOND):
        return None
    if record.seq in cited or record.kind == "fault":
        return 0
    if (record.kind, record.get("phase") or record.get("to")) in _IMPLIED or record.node == VCENTER:
        return None
    return 1 if record.kind in _FIRST else 2
