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

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from herzschlag.backends.base import Effect, Session
from herzschlag.backends.names import BackendName
from herzschlag.backends.opening import open_session
from herzschlag.backends.reuse import ContinuedSession, difference, remembered
from herzschlag.checkers import check_all, checkers
from herzschlag.checkers.verdict import Finding
from herzschlag.errors import HerzschlagError
from herzschlag.faults import Fault, kinds, primitives_of
from herzschlag.faults import primitives as p
from herzschlag.faults.claims import powered_off
from herzschlag.history.records import SECOND, History, Record
from herzschlag.history.standing import Thing, snapshot
from herzschlag.history.words import exact_line
from herzschlag.running.conductor import Conductor, Watcher
from herzschlag.running.judgement import Judgement
from herzschlag.running.logbook import Logbook
from herzschlag.running.record_cursor import Present
from herzschlag.running.run_file import must_be_unused
from herzschlag.scenarios.model import Cluster as Setup
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.plan import Plan, make_plan
from herzschlag.topo.spec import Captured, Datapath
from herzschlag.wrong_input import InputError, build, nearest

__all__ = ["Cluster", "ConditionNotMet", "Setup"]

RECENT = 25
"""How many of the last records are shown when a condition was not met."""


class ConditionNotMet(HerzschlagError, AssertionError):
    """A condition did not come true in time; the text shows what happened meanwhile."""


class Cluster:
    """One running cluster. Make it with `start`; it ends with `close`, or with its `with` block."""

    def __init__(self, session: Session, plan: Plan, scenario: Scenario, watcher: Watcher | None = None) -> None:
        self.session = session
        self.plan = plan
        self._scenario = scenario
        self._conductor = Conductor(session, scenario, plan, watcher)
        self._logbook = Logbook()
        self._judgement = Judgement(session, self._conductor)
        self._dark: dict[str, frozenset[str]] = {}
        """Hosts without power, by active fault."""
        self._present = Present(session.records)
        self._finished = False
        self._changed_ns = -1
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

    def snapshot(self) -> Mapping[Thing, tuple[Any, ...]]:
        """The state of everything: roles, opinions, paths, VMs, locks, datastores. Equal means equal for a test."""
        return snapshot(self.session.records())

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
    def hosts(self) -> tuple[str, ...]:
        return self.plan.topology.moids

    @property
    def now_s(self) -> float:
        """Protocol seconds since the cluster was ready (since the start, before)."""
        return (self.session.now_ns() - (self._conductor.ready_ns or 0)) / SECOND

    @property
    def began_ns(self) -> int:
        """Protocol time from which on this history is of this cluster alone: its records before that are of an earlier
        use."""
        return self._began_ns

    @property
    def records(self) -> tuple[Record, ...]:
        return tuple(self.session.records())

    def role(self, host: str) -> str:
        """The host's role as it sees it: uninitialized, election, slave, master, isolated; `off` without power."""
        if any(host in dark for dark in self._dark.values()):
            return "off"
        return self._present.role(host)

    def masters(self) -> list[str]:
        return [host for host in self.hosts if self.role(host) == "master"]

    @property
    def master(self) -> str:
        """The only master. Raises ConditionNotMet when there is none, or more than one."""
        __tracebackhide__ = True
        found = self.masters()
        if len(found) != 1:
            raise ConditionNotMet(f"there are {len(found)} masters ({', '.join(found) or 'none'}): expected one")
        return found[0]

    @property
    def slaves(self) -> list[str]:
        return [host for host in self.hosts if self.role(host) == "slave"]

    def state_of(self, host: str, *, seen_by: str = "vcenter") -> str:
        """The state that a master, or vCenter, believes a host is in, by the API's names, such as `hostDown`."""
        return self._present.state_of(host, seen_by)

    def where(self, vm: str) -> list[str]:
        """Hosts on which the VM runs."""
        return sorted(host for (name, host) in self._running() if name == vm)

    def vms_on(self, host: str) -> list[str]:
        return sorted(name for (name, at) in self._running() if at == host)

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

    def wait_for(self, condition: Callable[[], bool], *, within_s: float, what: str = "the condition") -> float:
        """Let time pass until the condition is true, checked at every record. Returns how long that took."""
        __tracebackhide__ = True
        began_ns = self.session.now_ns()
        if not condition() and not self._pass(round(within_s * SECOND), condition):
            raise ConditionNotMet(f"{what} did not come true within {within_s:g} s.\n{self.timeline()}")
        return (self.session.now_ns() - began_ns) / SECOND

    def stays(self, condition: Callable[[], bool], *, for_s: float, what: str = "the condition") -> None:
        """Check that the condition is true now and at every record for that long."""
        __tracebackhide__ = True
        if not condition() or self._pass(round(for_s * SECOND), lambda: not condition()):
            raise ConditionNotMet(f"{what} did not stay true for {for_s:g} s.\n{self.timeline()}")

    def wait_for_record(
        self, kind: str, *, node: str | None = None, within_s: float, after: Record | None = None, **fields: Any
    ) -> Record:
        """Let time pass until there is a record of this kind, with these fields, by this node; it is returned. Records
        count from `after` on; when that is left out, from the last call on that set off a fault, healed one, or let
        time pass, so that none is missed between two calls."""
        __tracebackhide__ = True
        watch = self._present.watch(kind, node, fields, after)
        found: list[Record] = []

        def look() -> bool:
            found.extend(item for item in [watch()] if item is not None)
            return bool(found)

        wanted = " ".join([node or "anybody's", kind, *(f"{name}={value}" for name, value in fields.items())])
        self.wait_for(look, within_s=within_s, what=f"a record: {wanted}")
        self._present.go_on_from(found[0])
        return found[0]

    def records_of(self, kind: str, *, node: str | None = None, **fields: Any) -> list[Record]:
        """Records so far of this kind, with these fields, by this node."""
        return self._present.of_kind(kind, node, fields)

    # --- faults ---

    def fault(self, kind: str, *, id: str = "", **fields: Any) -> str:
        """Begin a fault of any kind (`herzschlag.faults.kinds()`) right after the next heartbeat. Returns its id."""
        if kind not in kinds():
            raise InputError("", f"fault {kind!r}: known are {', '.join(sorted(kinds()))}")
        return self.begin(build(kinds()[kind], msgspec.to_builtins(fields)), id=id)

    def begin(self, fault: Fault, *, id: str = "") -> str:
        fault_id = self._logbook.name(fault, id)
        found = primitives_of(fault, self.plan.topology)
        effect = self._conductor.begin(fault_id, fault)
        self._changed_ns = effect.effective_ns
        self._present.go_on_at(effect.asked_ns)
        if dark := powered_off(found) & {*self.hosts}:
            self._present.lost_power(sorted(dark))
            self._dark[fault_id] = dark
        self._logbook.begin(fault_id, fault, self._since_ready(effect))
        return fault_id

    def heal(self, fault_id: str) -> None:
        """End one fault, right after the next heartbeat."""
        if fault_id not in self.active:
            raise InputError("", f"no fault {fault_id!r} is active: {', '.join(self.active) or 'none is'}")
        effect = self._conductor.end(fault_id)
        self._changed_ns = effect.effective_ns
        self._present.go_on_at(effect.asked_ns)
        self._dark.pop(fault_id, None)
        self._logbook.end(fault_id, self._since_ready(effect))

    def heal_all(self) -> None:
        for fault_id in self.active:
            self.heal(fault_id)

    @property
    def active(self) -> dict[str, Fault]:
        return self._logbook.active

    def power_off(self, host: str) -> str:
        """Everything on the host dies at once; healed: it boots."""
        return self.fault("power-off", host=host)

    def isolate(self, host: str, *, keep: Iterable[str] = (), manner: str = "silent") -> str:
        """Cut the host off from everyone but `keep`."""
        return self.fault("isolate", host=host, keep=list(keep), manner=manner)

    def split(self, *groups: Iterable[str]) -> str:
        """Cut the hosts into groups that do not reach each other."""
        return self.fault("split", groups=[list(group) for group in groups])

    def cut(self, one: str, other: str, *, networks: str = "all") -> str:
        """No packet passes between these two."""
        return self.fault("cut-pair", a=one, b=other, networks=networks)

    def freeze(self, host: str) -> str:
        return self.fault("freeze", host=host)

    def take_storage(self, host: str, datastore: str, *, access: str = "apd", delay_ms: float = 0.0) -> str:
        """The host's I/O to the datastore hangs (`apd`) or fails (`pdl`), its writes alone fail (`read-only`), each
        operation takes `delay_ms` (`slow`), or reads give what was there when this began (`stale`)."""
        return self.fault("storage", host=host, datastore=datastore, access=access, delay_ms=delay_ms)

    def silence_gateway(self) -> str:
        return self.fault("gateway-silent")

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
        told = [r for r in self.history() if r.kind not in ("lateness", "counters", "slot")]
        return "\n".join(exact_line(r, self._conductor.ready_ns or 0) for r in told[-last:])

    def close(self) -> None:
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

    def _running(self) -> list[tuple[str, str]]:
        return [(vm, host) for vm, host in self._present.running() if self.role(host) != "off"]

    def _pass(self, for_ns: int, stop: Callable[[], bool]) -> bool:
        """Let time pass; True at once when `stop` is, at the moment of some record or at the end."""

        def look(item: Record) -> bool:
            self._present.see(item)
            return stop()

        try:
            if self.session.run_until(self.session.now_ns() + for_ns, look):
                return True
        finally:
            self._present.see_all()
        self._present.go_on_now(self.session.now_ns())
        return stop()
