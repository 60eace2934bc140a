"""The conductor, which plays a scenario: it waits for readiness, sets faults off on time, heals, waits, collects.

This module decides when things happen and writes the runner's own records (`run`, `ready`, `fault`, `end`). It leaves
how they happen to the backend, and what they mean to the checkers. Faults are set off right after a heartbeat
instant, so that a run repeats and no heartbeat is half sent: its moment is moved up to the next whole heartbeat
interval of the run's clock, plus 10 ms. A fault lasts as long as the scenario says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

import msgspec
from msgspec import UNSET

from herzschlag.backends.base import Effect, Session
from herzschlag.errors import HarnessFailure
from herzschlag.faults import Fault, kind_of
from herzschlag.history import kinds
from herzschlag.history.records import RUNNER, SECOND, History, Record, written
from herzschlag.history.sent import counted
from herzschlag.running.readiness import Readiness
from herzschlag.scenarios.model import Change, Scenario
from herzschlag.scenarios.plan import Plan

READY_REAL_S = 30.0
"""A cluster that starts in real time gets at least this long, whatever the speed: processes start no faster."""
PLANNED_LEADS = 5
"""How many of the backend's leads before its instant a planned change is announced: half a second of real time."""

READY_HOLD_NS = 3 * SECOND
"""How long a ready cluster must stay so before the first step: three heartbeats."""

Watcher = Callable[[Record], None]


class NotReady(HarnessFailure):
    """The cluster did not become ready in time: the verdict is unknown."""


class Conductor:
    """One run on one session."""

    def __init__(self, session: Session, scenario: Scenario, plan: Plan, watcher: Watcher | None = None) -> None:
        self._session = session
        self._scenario = scenario
        self._plan = plan
        self._watcher = watcher
        self._own: list[tuple[int, Record]] = []
        """Notes of this object, each after how many records of the session it comes."""
        self._active: dict[str, Fault] = {}
        self.ready_ns: int | None = None

    def play(self) -> None:
        """Play from start to end. Raises NotReady, MachineryDied, or what the backend raises."""
        self.start()
        self.wait_ready()
        assert self.ready_ns is not None
        for at_ns, change in self.schedule(self.ready_ns):
            self._change(change, at_ns)
        self.wait_until(max(self._session.now_ns(), self._last_change_ns()) + round(self._scenario.settle_s * SECOND))
        self.finish()

    def start(self) -> None:
        """Bring the session up."""
        captured = self._session.capture
        self._note(
            0,
            kinds.Run(
                scenario=self._scenario.name,
                backend=self._session.name,
                speed=self._plan.speed,
                seed=self._plan.seed,
                hosts=list(self._plan.topology.moids),
                vms=dict(self._plan.placement),
                began_wall_ns=UNSET if captured is None else captured.began_wall_ns,
            ),
        )
        self._session.start()

    def finish(self) -> None:
        """Collect the evidence of the end."""
        self._session.finish()
        if self.ready_ns is not None:
            for entry in counted(self._session.sent(), self.ready_ns, self._session.now_ns()):
                self._note(self._session.now_ns(), entry)
        self._note(self._session.now_ns(), kinds.End(because="the scenario is played"))

    def wait_ready(self) -> None:
        readiness = Readiness(self._plan)
        real_bound_ns = round(READY_REAL_S * self._session.speed * SECOND)
        bound_ns = self._session.now_ns() + max(round(self._scenario.ready_s * SECOND), real_bound_ns)
        handed = 0

        def wait(until_ns: int, judge: Callable[[Record], bool]) -> bool:
            """Every record is judged once, those too that came with the one at which the wait before ended."""
            nonlocal handed

            def judged(item: Record) -> bool:
                nonlocal handed
                handed += 1
                return judge(item)

            if any(judged(item) for item in self._session.records()[handed:]):
                return True
            return self._session.run_until(until_ns, self._watch(judged))

        while True:
            # One record may spoil what another achieved, so readiness is looked at after each.
            wait(bound_ns, readiness.see)
            if readiness.missing():
                raise NotReady(f"after {bound_ns / SECOND:.0f} s the cluster still waits for {readiness.missing()}")
            hold_ns = min(self._session.now_ns() + READY_HOLD_NS, bound_ns)
            broke = wait(hold_ns, lambda item: not readiness.see(item))
            if not broke and not readiness.missing():
                break
        self._be_ready(readiness.master)

    def already_ready(self) -> None:
        """Check a session that was used before: its records must show a cluster that works as configured."""
        readiness = Readiness(self._plan)
        for item in self._session.records():
            readiness.see(item)
        if readiness.missing():
            raise NotReady(f"the cluster still waits for {readiness.missing()}")
        self._be_ready(readiness.master)

    def _be_ready(self, master: str) -> None:
        self.ready_ns = self.aligned_ns(self._session.now_ns())
        self.wait_until(self.ready_ns)
        because = "one master, all connected"
        if (system := self._plan.system) is not None:
            because = f"every host of {system.name} {'has its role' if system.has_roles else 'calls its links up'}"
        self._note(self.ready_ns, kinds.ClusterReady(because=because, master=master))

    def aligned_ns(self, at_ns: int) -> int:
        """The next heartbeat instant from `at_ns` on, plus the backend's 10 ms."""
        interval_ns = self._plan.timers.heartbeat_interval_ns
        after_ns = self._session.after_heartbeat_ns
        return -(-(at_ns - after_ns) // interval_ns) * interval_ns + after_ns

    def told_ns(self, at_ns: int | None = None) -> int:
        """When a change at `at_ns` is announced to the backend; without `at_ns`, a change right after the next
        heartbeat. By hand the pictures move until shortly before; what is planned is announced early, because a
        process that waits for a processor announces late."""
        if at_ns is None:
            return self.aligned_ns(self._session.now_ns()) - self._session.lead_ns
        return at_ns - PLANNED_LEADS * self._session.lead_ns

    def schedule(self, ready_ns: int) -> list[tuple[int, Change]]:
        """When each change is due. A fault lasts exactly as long as the scenario says and may end between heartbeats:
        after a cut of 8.5 s the ninth heartbeat arrives, so the silence is always 9 s, never 10."""
        moved_ns: dict[str, int] = {}
        found = []
        for change in self._scenario.timeline():
            wanted_ns = ready_ns + round(change.at_s * SECOND)
            if change.begins:
                moved_ns[change.id] = self.aligned_ns(wanted_ns) - wanted_ns
            found.append((wanted_ns + moved_ns[change.id], change))
        return sorted(found, key=lambda item: (item[0], item[1].begins))

    def wait_until(self, at_ns: int) -> None:
        self._session.run_until(at_ns, self._watch(lambda item: False))

    def begin(self, fault_id: str, fault: Fault, at_ns: int | None = None) -> Effect:
        """Begin a fault. Without `at_ns`: right after the heartbeat that is next when the backend gets the order."""
        when = self._when(at_ns)
        before = len(self._session.records())
        effect = self._session.begin(fault_id, fault, *when)
        self._active[fault_id] = fault
        self._note_fault(fault_id, fault, "begin", effect, before)
        return effect

    def end(self, fault_id: str, at_ns: int | None = None) -> Effect:
        when = self._when(at_ns)
        before = len(self._session.records())
        effect = self._session.end(fault_id, *when)
        self._note_fault(fault_id, self._active.pop(fault_id), "end", effect, before)
        return effect

    def history(self, without: Collection[int] = ()) -> History:
        """All records so far, in order; `end` comes last, after the evidence collected at the same moment. `without`:
        numbers of the session's records that are left out."""
        told = self._session.records()
        arrived: list[Record] = []
        last: list[Record] = []
        begin = 0
        for count, note in self._own:
            # In the instant of a change a host that loses power has written before it, one that gets power after it.
            arrived += (r for r in told[begin:count] if r.seq not in without)
            (last if note.kind == "end" else arrived).append(note)
            begin = count
        arrived += (r for r in told[begin:] if r.seq not in without)
        return History.ordered([*arrived, *last])

    def _when(self, at_ns: int | None) -> tuple[int, int]:
        """(the instant, the interval by which it may be put off). Backends wait for the instant themselves; until
        shortly before it, records are read here."""
        every_ns = 0
        if at_ns is None:
            at_ns, every_ns = self.aligned_ns(self._session.now_ns()), self._plan.timers.heartbeat_interval_ns
        self.wait_until(self.told_ns(at_ns))
        return at_ns, every_ns

    def _change(self, change: Change, at_ns: int) -> None:
        if change.begins:
            self.begin(change.id, change.fault, at_ns)
        else:
            self.end(change.id, at_ns)

    def _last_change_ns(self) -> int:
        changes = [item.at_ns for _, item in self._own if item.kind in ("fault", "ready")]
        return max(changes, default=0)

    def _watch(self, judge: Callable[[Record], bool]) -> Callable[[Record], bool]:
        """Show every record to the watcher, then judge it."""

        def look(item: Record) -> bool:
            if self._watcher is not None:
                self._watcher(item)
            return judge(item)

        return look

    def _note(self, at_ns: int, entry: kinds.HarnessEntry, before: int | None = None) -> None:
        """`before`: how many records of the session come before it; without it all so far."""
        item = written(at_ns, RUNNER, entry)
        self._own.append((len(self._session.records()) if before is None else before, item))
        if self._watcher is not None:
            self._watcher(item)

    def _note_fault(
        self, fault_id: str, fault: Fault, phase: Literal["begin", "end"], effect: Effect, before: int
    ) -> None:
        self._note(
            effect.effective_ns,
            kinds.FaultChange(
                fault=kind_of(fault),
                id=fault_id,
                phase=phase,
                planned_ns=effect.planned_ns,
                asked_ns=effect.asked_ns,
                effective_ns=effect.effective_ns,
                took_ns=effect.took_ns,
                dropped=UNSET if effect.dropped is None else effect.dropped,
                about=fault.describe(),
                value=msgspec.to_builtins(fault),
                evidence=effect.evidence,
            ),
            before,
        )
