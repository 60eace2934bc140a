"""The interface to a running cluster: faults as methods, waiting for conditions, and a scenario of what was done.

    with Cluster.start(Setup(hosts=4), backend="simulation") as cluster:
        cut = cluster.split(["host-98", "host-99"], ["host-100", "host-101"])
        cluster.wait_for(lambda: cluster.role("host-101") == "master", within_s=30)
        cluster.heal(cut)

The pytest plugin and the live page are built on it; scenario files are played by `running/conductor.py`, which this
module uses. This module decides what can be asked and done by hand. It leaves the log of it, and the scenario that does
the same again, to `running/logbook.py`, the history to `running/judgement.py`, judging to the checkers. All times are
protocol seconds; nothing here sleeps by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from herzschlag.backends.base import Effect, Session
from herzschlag.backends.names import BackendName
from herzschlag.backends.opening import open_session
from herzschlag.backends.reuse import ContinuedSession, difference, remembered
from herzschlag.by_hand.asking import ConditionNotMet
from herzschlag.by_hand.breaking import Breaking, checked, made
from herzschlag.by_hand.telling import Told
from herzschlag.by_hand.waiting import TOLD_LINES_MAX, Waiting
from herzschlag.checkers import check_all, checkers
from herzschlag.checkers.verdict import Finding
from herzschlag.faults import Fault, kinds, primitives_of
from herzschlag.faults import primitives as p
from herzschlag.faults.claims import powered_off
from herzschlag.history.records import SECOND, History
from herzschlag.history.standing import Thing
from herzschlag.history.words import exact_line
from herzschlag.running.conductor import Conductor, Watcher
from herzschlag.running.judgement import Judgement
from herzschlag.running.logbook import Logbook
from herzschlag.running.run_file import must_be_unused
from herzschlag.scenarios.model import Cluster as Setup
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.spec import Captured, Datapath
from herzschlag.wrong_input import InputError, nearest

__all__ = ["Cluster", "ConditionNotMet", "Setup"]

RECENT = 25
"""How many of the last records `timeline` shows."""


class Cluster(Waiting, Breaking):
    """One running cluster. Make it with `start`; it ends with `close`, or with its `with` block."""

    def __init__(self, session: Session, plan: Plan, scenario: Scenario, watcher: Watcher | None = None) -> None:
        super().__init__(session, plan)
        self._scenario = scenario
        self._conductor = Conductor(session, scenario, plan, watcher)
        self._logbook = Logbook()
        self._judgement = Judgement(session, self._conductor)
        self._finished = False
        self._changed_ns = -1
        self._first_ns: int | None = None
        """When the first fault was in force."""
        self._began_ns = 0

    @classmethod
    def start(
        cls,
        setup: Setup | None = None,
        *,
        backend: BackendName = "mininet",
        speed: float = 10.0,
        seed: int = 0,
        name: str = "by-hand",
        directory: Path | None = None,
        watcher: Watcher | None = None,
        ready: bool = True,
        datapath: Datapath = "auto",
        capture: Captured = "heartbeats",
        capture_limit_mb: int | None = None,
    ) -> Self:
        """Bring a cluster up and, unless `ready` is false, wait until it works as configured. Raises InputError, also
        for a directory that holds a run already, ExtensionError, BackendUnavailable, NotReady, MachineryDied."""
        checkers()  # so that a broken checker of another package is reported before anything starts
        kinds()
        if directory is not None:
            must_be_unused(directory)
        scenario = Scenario(name=name, title=name, cluster=setup or Setup(), speed=speed)
        plan = make_plan(
            scenario,
            speed=speed,
            seed=seed,
            directory=directory,
            datapath=datapath,
            capture=capture,
            capture_limit_mb=capture_limit_mb,
        )
        session = open_session(backend, plan)
        session.__enter__()
        cluster = cls(session, plan, scenario, watcher)
        try:
            cluster._conductor.start()
            if ready:
                cluster.wait_ready()
        except BaseException:
            session.close()
            raise
        return cluster

    def wait_ready(self) -> None:
        """Wait until it works as configured, if `start` has not. Raises NotReady, MachineryDied."""
        self._conductor.wait_ready()
        self._present.go_on_now(self.session.now_ns())

    def again(self, name: str, directory: Path | None = None) -> Cluster:
        """The same lab for another use, with a history of its own. Call it after `finish`, with every fault healed.
        Raises NotReady when the cluster does not work as configured."""
        session = ContinuedSession(self.session)
        plan = msgspec.structs.replace(self.plan, scenario=name, directory=directory)
        scenario = Scenario(name=name, title=name, cluster=self._scenario.cluster, speed=self._scenario.speed)
        cluster = Cluster(session, plan, scenario)
        cluster._began_ns = session.now_ns()
        cluster._conductor.start()
        cluster._conductor.already_ready()
        cluster._present.go_on_now(session.now_ns())
        return cluster

    def difference_since(self, before: Mapping[Thing, tuple[Any, ...]]) -> str:
        """Why this cluster is not as good as it was at that snapshot, as far as its records tell: a fault is active,
        something is not as it was, a process remembers what happened in between. Empty when it is as good."""
        if active := self._logbook.active:
            return f"the fault {next(iter(active))!r} was not healed"
        lab = self.plan.topology
        if any(isinstance(one, p.ClockOff) for fault in self._logbook.over for one in fault.primitives(lab)):
            return "a clock was set, and one that was set back stands still for a while"
        if changed := difference(before, self.snapshot()):
            return changed
        if kinds := remembered(self.session.records(), self._conductor.ready_ns or 0):
            return f"it remembers what happened: {', '.join(kinds)}"
        return ""

    # --- what is true now ---

    @property
    def now_s(self) -> float:
        """Protocol seconds since the cluster was ready (since the start, before)."""
        return (self.session.now_ns() - (self._conductor.ready_ns or 0)) / SECOND

    @property
    def began_ns(self) -> int:
        """Protocol time from which on this history is of this cluster alone: its records before that are of an earlier
        use."""
        return self._began_ns

    # --- time ---

    def advance(self, seconds: float) -> None:
        """Let this much protocol time pass."""
        self._conductor.wait_until(self.session.now_ns() + round(seconds * SECOND))
        self._present.go_on_now(self.session.now_ns())

    def approach(self, tick_s: float, look: Callable[[], bool]) -> None:
        """Let time pass until shortly before a change right after the next heartbeat would be told to the backend, a
        tick at a time; `look` is called before each tick, and ends the approach when it is false."""
        told_ns, tick_ns = self._conductor.told_ns(), round(tick_s * SECOND)
        while self.session.now_ns() + 2 * tick_ns < told_ns and look():
            self.advance(tick_s)

    # --- faults ---

    def fault(self, kind: str, *, id: str = "", **fields: Any) -> str:
        """Begin a fault by the name of its kind in a scenario, such as `isolate`. Returns its name, for `heal`. `begin`
        takes the same as a typed value."""
        return self.begin(made(kind, fields), id=id)

    def begin(self, fault: Fault, *, id: str = "") -> str:
        """Begin a fault, such as `Isolate(host="host-98")` of `herzschlag.faults`, right after the next heartbeat.
        Returns its name, for `heal`: the one wanted (`id`), or one that is made of its kind."""
        fault = checked(fault)
        for vm in fault.vms():
            self._names.vm(vm)
        fault_id = self._logbook.name(fault, id)
        if fault_id in self.active:
            raise InputError("", f"a fault {fault_id!r} is in force already: give this one another name")
        found = primitives_of(fault, self.plan.topology)
        effect = self._conductor.begin(fault_id, fault)
        self._changed_ns = effect.effective_ns
        self._first_ns = effect.effective_ns if self._first_ns is None else self._first_ns
        self._present.go_on_at(effect.asked_ns)
        if dark := powered_off(found) & {*self.hosts}:
            self._present.lost_power(sorted(dark))
            self._dark[fault_id] = dark
        self._logbook.begin(fault_id, fault, self._since_ready(effect))
        return fault_id

    def heal(self, fault_id: str) -> None:
        """End one fault, right after the next heartbeat."""
        if fault_id not in self.active:
            raise InputError("", f"no fault {fault_id!r} is active: {nearest(str(fault_id), self.active)}")
        self._end(fault_id)

    def _end(self, fault_id: str, at_ns: int | None = None) -> None:
        effect = self._conductor.end(fault_id, at_ns)
        self._changed_ns = effect.effective_ns
        self._present.go_on_at(effect.asked_ns)
        self._dark.pop(fault_id, None)
        self._logbook.end(fault_id, self._since_ready(effect))

    def heal_all(self) -> None:
        """End every fault that is in force: the first right after the next heartbeat, the others at once after
        it, not a heartbeat later each."""
        for number, fault_id in enumerate(self.active):
            self._end(fault_id, None if number == 0 else self.session.now_ns() + self.session.lead_ns)

    @property
    def active(self) -> dict[str, Fault]:
        """Faults in force that can be healed, by name, in the order in which they began."""
        return self._logbook.active

    # --- what was done, and whether it was right ---

    def allow(self, checker: str, *, because: str) -> None:
        """Accept what this checker calls a violation, because here it must be expected, as `started-twice` of a frozen
        host whose VMs were restarted elsewhere. The scenario has it too, with the reason."""
        if checker not in checkers():
            raise InputError("", f"{checker!r} is not a checker: {nearest(checker, checkers())}")
        self._logbook.allow(checker, because)

    def scenario(self, name: str = "", title: str = "") -> Scenario:
        """What was done so far, as a scenario; faults still active stay to its end."""
        name, title = name or self._scenario.name, title or self._scenario.title
        return self._logbook.scenario(msgspec.structs.replace(self._scenario, name=name, title=title), self.now_s)

    def finish(self) -> None:
        """Collect the evidence; afterwards the cluster can only be asked and judged."""
        if not self._finished:
            self._finished = True
            if self.session.now_ns() <= self._changed_ns:  # else a fault at the very end would be in force for 0 s
                self.advance(0.001)
            self._judgement.finish()

    def history(self) -> History:
        """All records, those of the harness included, in order of time and numbered."""
        return self._judgement.history()

    def findings(self) -> tuple[Finding, ...]:
        """Every checker's finding on what happened. Ends the cluster's life as `finish` does."""
        self.finish()
        return check_all(self.history(), self.scenario())

    def findings_so_far(self) -> tuple[Finding, ...]:
        """Every checker's finding until now; the cluster continues."""
        return check_all(self._judgement.history_so_far(), self.scenario())

    def timeline(self, last: int = RECENT) -> str:
        """The last records, a line each."""
        told = [r for r in self.history() if r.kind not in ("lateness", "counters", "last-heartbeat", "slot")]
        return "\n".join(exact_line(r, self._conductor.ready_ns or 0) for r in told[-last:])

    def told(self, lines: int = TOLD_LINES_MAX) -> list[str]:
        """The state, the faults in force, and what happened since the first fault: at most so many lines."""
        told = self._told()
        state = told.state()
        return [*state, *told.story(self.history(), lines - len(state))]

    def __repr__(self) -> str:
        return self._told().line()

    def _repr_html_(self) -> str:
        return self._told().table()

    def close(self) -> None:
        """End the lab. It may be called twice."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- how ---

    def _since_ready(self, effect: Effect) -> float:
        return round((effect.effective_ns - (self._conductor.ready_ns or 0)) / SECOND, 3)

    def _told(self) -> Told:
        return Told(
            backend=self.session.name,
            now_ns=self.session.now_ns(),
            ready_ns=self._conductor.ready_ns or 0,
            first_ns=self._first_ns,
            roles={host: str(self.role(host)) for host in self.hosts},
            seen={host: str(self.state_of(host)) for host in self.hosts},
            vms={vm: self.where(vm) for vm in self.vms},
            placement=self.plan.placement,
            active=self.active,
        )
