"""A run as it is followed on a status line: its clock, its hosts, and what is expected next.

This module decides what is known of a run from its records so far. It leaves the line itself to `board.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from herzschlag.faults import of_values
from herzschlag.faults import primitives as p
from herzschlag.history.clock import told_s
from herzschlag.history.records import SECOND, Record
from herzschlag.history.standing import Standing
from herzschlag.languages import N_, gettext
from herzschlag.scenarios.expectations import Instant, matches
from herzschlag.scenarios.model import Scenario

ROLES = {"off": N_("no power"), "uninitialized": N_("starting")}
"""Roles in other words than their own."""
RANK = ("no power", "isolated", "election", "starting", "master", "slave")
"""Unusual ones first: where a line is too short, the others are left out."""


class Awaited(msgspec.Struct):
    """One instant that the scenario expects."""

    instant: Instant
    since_ns: int | None = None
    """The moment it counts from; None: that has not come."""
    left: int = 1
    """How many records it still waits for."""


class Following:
    """One run. `pace`: protocol seconds in a real second; None: virtual time, which records alone move on. `clock`:
    real seconds."""

    def __init__(self, scenario: Scenario, pace: float | None, clock: Callable[[], float]) -> None:
        self.scenario = scenario
        self.hosts = scenario.cluster.topology().moids
        self.ready = False
        self._lab = scenario.cluster.topology()
        self._pace, self._clock = pace, clock
        self._steps = scenario.plain_steps()
        self._awaited = [Awaited(item, left=item.nth) for item in scenario.expect.instant]
        self._standing = Standing()
        self._off: dict[str, set[str]] = {}
        self._changes: set[tuple[str, bool]] = set()
        self._zero_ns: int | None = None
        self._ready_ns = 0
        self._latest_ns = 0
        self._latest_real_s = clock()

    def take(self, record: Record) -> None:
        if record.at_ns >= self._latest_ns:
            self._latest_ns, self._latest_real_s = record.at_ns, self._clock()
        self._standing.see(record)
        match record.kind:
            case "ready":
                self.ready, self._ready_ns = True, record.at_ns
                self._zero_ns = record.at_ns + round((self._steps[0].at_s if self._steps else 0) * SECOND)
            case "fault":
                self._take_fault(record)
            case _:
                pass
        for one in self._awaited:
            self._arrive(one, record)

    def _take_fault(self, record: Record) -> None:
        fault_id, begins = str(record.get("id")), record.get("phase") == "begin"
        if begins and not self._changes:
            self._zero_ns = record.at_ns
        self._changes.add((fault_id, begins))
        self._off.pop(fault_id, None)
        if begins:
            lost = {
                c.node for c in of_values(record.fields["value"]).primitives(self._lab) if isinstance(c, p.PowerOff)
            }
            self._off[fault_id] = lost
            self._standing.forget(lost)

    def _arrive(self, one: Awaited, record: Record) -> None:
        if one.since_ns is None and self._begins(one.instant, record):
            one.since_ns = record.at_ns
        if one.since_ns is not None and one.left and matches(record, one.instant.record):
            one.left -= 1

    def _begins(self, instant: Instant, record: Record) -> bool:
        """Whether this record is the moment the instant counts from."""
        after = instant.after
        if isinstance(after, dict):
            return matches(record, after)
        if after in ("start", "ready", "end"):
            return record.kind == {"start": "run"}.get(after, after)
        wanted = after or (self._steps[0].id if self._steps else "")
        step, _, ending = wanted.rpartition(".end")
        phase = ("end", step) if ending == "" and step else ("begin", wanted)
        return record.kind == "fault" and (record.get("phase"), record.get("id")) == phase

    @property
    def clock_s(self) -> float | None:
        """Seconds after T, between records by the real clock; None until the cluster is ready."""
        if self._zero_ns is None:
            return None
        latest_s = (self._latest_ns - self._zero_ns) / SECOND
        passed_s = 0.0 if self._pace is None else (self._clock() - self._latest_real_s) * self._pace
        return max(latest_s, min(latest_s + passed_s, self.length_s))

    @property
    def length_s(self) -> float:
        """Seconds from T to the end, as the scenario plans it."""
        first_s = self._steps[0].at_s if self._steps else 0.0
        return self.scenario.length_s - first_s

    def states(self) -> list[tuple[str, str]]:
        """(host, what it is), the unusual first."""
        off = {host for hosts in self._off.values() for host in hosts}
        found = []
        for host in self.hosts:
            role = "off" if host in off else self._standing.roles.get(host, "uninitialized")
            found.append((host, ROLES.get(role, role)))
        return sorted(found, key=lambda item: RANK.index(item[1]) if item[1] in RANK else 0)

    def next(self) -> str:
        """The next thing expected, with its instant; empty when nothing more is."""
        if self._zero_ns is None:
            return gettext("the cluster is ready")
        found = []
        for one in self._awaited:
            if one.left and one.since_ns is not None:
                since_s = (one.since_ns - self._zero_ns) / SECOND
                low, high = one.instant.range_s
                until = f"-{since_s + high + one.instant.room_s:.0f}" if high + one.instant.room_s > low else ""
                found.append((since_s + low, f"{gettext(one.instant.name)} {told_s(since_s + low, 0)}{until}"))
        first_s = self._steps[0].at_s if self._steps else 0.0
        for change in self.scenario.timeline():
            if (change.id, change.begins) not in self._changes:
                at_s = change.at_s - first_s
                what = change.id if change.begins else gettext("{fault} ends", fault=change.id)
                found.append((at_s, f"{what} {told_s(at_s, 0)}"))
        return min(found)[1] if found else ""
