"""The lab behind the page: one thread that owns the cluster, carries out requests of browsers, and sends them news.

This module decides how time passes (real time on real packets; at a chosen pace, or not at all, in the simulation),
when which news is sent, and that a fault made by hand must be expressible in a scenario file. It leaves faults and
their records to `herzschlag.cluster`, the picture to `view.py`, sending to `hub.py`, access to `server.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from herzschlag.backends.base import BackendUnavailable, MachineryDied
from herzschlag.backends.names import BackendName
from herzschlag.backends.simulation import SimulationSession
from herzschlag.checkers.verdict import worst
from herzschlag.cluster import Cluster
from herzschlag.faults import Fault
from herzschlag.faults import primitives as p
from herzschlag.history.fault_words import in_words
from herzschlag.history.kinds import ClusterReady
from herzschlag.history.records import RUNNER, SECOND, Record, written
from herzschlag.history.words import sentence
from herzschlag.languages import ENGLISH, N_, gettext, speaking
from herzschlag.languages.reasons import reason
from herzschlag.languages.titles import title
from herzschlag.live import messages as m
from herzschlag.live.beats import DRAWN_IN_FULL_MAX, CapturedBeats, Sampler, SimulatedBeats, Source
from herzschlag.live.hub import Asked, Hub, refuse
from herzschlag.live.temporary_directory import swept
from herzschlag.live.view import View
from herzschlag.live.words import of_role, of_step
from herzschlag.report.picture import STORY_KINDS
from herzschlag.report.plans import plans
from herzschlag.running.conductor import NotReady
from herzschlag.scenarios.from_toml import ScenarioError, load, load_family, shipped
from herzschlag.scenarios.model import Scenario, Step
from herzschlag.scenarios.to_toml import as_toml
from herzschlag.scenarios.validation import check
from herzschlag.wrong_input import InputError

TICK_S = 0.04
"""Real time between two looks at the lab: a heart begins its way at most this late."""
CLOCK_S = 0.2
TOLD_KINDS = frozenset((*STORY_KINDS, "path", "election"))
SAVED_NAME = "by-hand"
SIMULATED_AHEAD_S = 0.2
"""Most real time that the simulation makes up for at once: after a long pause it does not race."""


class LiveLab:
    """Start it, talk to its `hub` from any thread; `close` ends lab and thread."""

    def __init__(self, scenario: Scenario, backend: BackendName, *, speed: float = 1.0, seed: int = 0) -> None:
        self._first = self._scenario = scenario
        self._backend, self._speed, self._seed = backend, speed, seed
        listed = tuple(m.Listed(one.name, one.title) for name in shipped() for one in load_family(name))
        known = scenario.name in {one.name for one in listed}
        self._listed = listed if known else (m.Listed(scenario.name, scenario.title), *listed)
        self._number = 0
        self.hub = Hub(self._describe)
        self._thread = threading.Thread(target=speaking(ENGLISH)(self._run), name="live lab")

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.hub.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self.hub.closing:
            try:
                self._one_lab()
            except (BackendUnavailable, NotReady, MachineryDied, ScenarioError, InputError) as error:
                self._fail(str(error))
            except Exception as error:  # a fault of ours must not leave a frozen page without an explanation
                self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, because: str) -> None:
        self.hub.tell(lambda: m.State(phase="failed", because=reason(because)))
        while not self.hub.closing:
            asked = self.hub.next_command(None)
            if asked is not None:
                if self.opens(asked):
                    return
                if not isinstance(asked[0], m.Open):
                    refuse(asked[1], N_("the lab has ended: start another"))

    def opens(self, asked: Asked) -> bool:
        """Whether another lab is requested, and can be started."""
        command, answer = asked
        if not isinstance(command, m.Open):
            return False
        if command.scenario and command.scenario not in {one.name for one in self._listed}:
            refuse(answer, f"{command.scenario!r} is not a shipped scenario: choose one of the list")
            return False
        if command.scenario:
            same = command.scenario == self._first.name
            self._scenario = self._first if same else load(command.scenario)
        return True

    def _one_lab(self) -> None:
        """From the start of a lab until another is asked for."""
        self._number += 1
        scenario = self._scenario
        self.hub.tell(self._describe)
        coming = View(scenario)
        self.hub.tell(m.State(phase="starting", picture=coming.picture({})))

        def watch(item: Record) -> None:
            coming.see(item)
            if self.hub.closing:
                raise NotReady("the command ends")
            if item.kind == "role":
                host, role = item.node, str(item.fields["to"])
                drawn = coming.picture({})
                self.hub.tell(lambda: m.State(phase="starting", because=of_role(host, role), picture=drawn))

        watcher = Forwarder(watch)
        with swept("herzschlag-live-") as folder:
            directory = folder if self._backend == "mininet" else None
            with Cluster.start(
                scenario.cluster,
                backend=self._backend,
                speed=self._speed,
                seed=self._seed,
                name=SAVED_NAME,
                directory=directory,
                watcher=watcher,
            ) as cluster:
                live = Live(self.hub, cluster, scenario, directory)
                watcher.target = live.note
                live.go(self.opens)

    def _describe(self) -> m.Lab:
        scenario = self._scenario
        lab = scenario.cluster.topology()
        placed = [host for _, host, on in scenario.cluster.vm_configs().values() if on]
        most = max((placed.count(host) for host in lab.moids), default=0)
        return m.Lab(
            number=self._number,
            backend=self._backend,
            speed=self._speed,
            scenario=scenario.name,
            title=title(scenario.title),
            about=gettext(scenario.about.strip()),
            steps=tuple(of_step(change) for change in scenario.timeline()),
            networks=lab.networks,
            hosts=lab.moids,
            datastores=tuple({"name": d.name, "kind": d.kind, "hosts": d.hosts} for d in lab.datastores),
            plans=plans(lab.moids, lab.networks, vms_most=2 * most),  # room for those of a dead host
            scenarios=tuple(m.Listed(one.name, title(one.title)) for one in self._listed),
        )


class Forwarder:
    """Hands the harness's own records to the current listener: first the starting lab, then the running one."""

    def __init__(self, target: Callable[[Record], None]) -> None:
        self.target = target

    def __call__(self, item: Record) -> None:
        self.target(item)


class Live:
    """One lab that is ready, as long as it is used."""

    def __init__(self, hub: Hub, cluster: Cluster, scenario: Scenario, directory: Path | None) -> None:
        self._hub = hub
        self._cluster = cluster
        self._view = View(scenario)
        self._own: list[Record] = []
        self._read = self._told = 0
        self._beats = _beats(cluster, directory)
        self._sampler = Sampler(by_sender=len(cluster.hosts) > DRAWN_IN_FULL_MAX)
        self._changes = scenario.timeline()
        self._done = 0
        self._due_s = self._changes[0].at_s if self._changes else 0.0
        self._auto = False
        self._pace = 1.0
        self._simulated = cluster.session.name == "simulation"
        self._looked_s = time.monotonic()
        self._clock_s = 0.0
        self._verdict: tuple[str, float, tuple[m.Finding, ...]] = ("", 0.0, ())
        """Of the last judgement: the worst, when, and every finding."""
        self._zero_s: float | None = None
        self._began: dict[str, float] = {}
        self._shown: tuple[object, ...] = ()

    def note(self, item: Record) -> None:
        """Records of the harness itself: those of the lab are read from the history."""
        if item.node == RUNNER and item.kind == "fault":
            self._own.append(item)

    def go(self, opens: Callable[[Asked], bool]) -> None:
        """Until the command ends or another lab is asked for."""
        now_ns = self._cluster.session.now_ns()
        self._own.append(
            written(now_ns, RUNNER, ClusterReady(because="one master, all connected", master=self._cluster.master))
        )
        while not self._hub.closing:
            self._tell()
            asked = self._hub.next_command(TICK_S if self._simulated else 0)
            if asked is not None:
                if opens(asked):
                    return
                self._obey(*asked)
            self._pass_time()
            self._play()

    # --- requests ---

    def _obey(self, command: m.AnyCommand, answer: Callable[[bytes], None]) -> None:
        try:
            match command:
                case m.Begin(fault=fault):
                    self._begin(fault)
                case m.Heal(ids=()):
                    self._approach()
                    self._cluster.heal_all()
                case m.Heal(ids=ids):
                    for fault_id in ids:
                        self._heal(fault_id)
                case m.Next():
                    self._next()
                case m.Auto(on=on):
                    self._auto = on
                case m.Judge():
                    self._judge()
                case m.Pace(factor=factor) if self._simulated and 0 <= factor <= m.PACE_MAX:
                    self._pace = factor
                case m.Advance(seconds=seconds) if self._simulated and 0 < seconds <= m.ADVANCE_S_MAX:
                    self._cluster.advance(seconds)
                case m.Pace() | m.Advance():
                    refuse(
                        answer,
                        N_("only simulated time can be paused or sped up, at a pace from 0 to 1000, by up to an hour"),
                    )
        except (InputError, ValueError, BackendUnavailable) as error:
            refuse(answer, str(error))

    def _begin(self, fault: Fault, fault_id: str = "") -> None:
        """Raises InputError for a fault that contradicts those in force: such a scenario could not be run again."""
        ahead = self._cluster.scenario("ahead")
        # By hand one begins after the other; two within one moment would look as if they began together.
        at_s = max((step.at_s for step in ahead.steps), default=0.0)
        at_s = max(at_s, self._cluster.now_s)
        try:
            check(_with(ahead, fault, fault_id or f"{len(ahead.steps) + 1} new", at_s))
        except InputError as error:
            raise ValueError(error.text) from None
        self._approach()
        self._cluster.begin(fault, id=fault_id)

    def _heal(self, fault_id: str) -> None:
        self._approach()
        self._cluster.heal(fault_id)

    def _approach(self) -> None:
        """A change waits for the next heartbeat: until shortly before, hearts go on and news is sent."""
        if self._simulated:
            return  # virtual time gets there at once
        self._cluster.approach(TICK_S * self._cluster.session.speed, self._goes_on)

    def _goes_on(self) -> bool:
        self._tell()
        return not self._hub.closing

    def _next(self) -> None:
        """The scenario's next change, now; one whose fault was healed by hand already is passed over."""
        if self._done >= len(self._changes):
            raise ValueError(N_("the scenario has no further step"))
        change = self._changes[self._done]
        self._done += 1
        if self._done < len(self._changes):
            self._due_s = self._cluster.now_s + self._changes[self._done].at_s - change.at_s
        if change.begins:
            self._begin(change.fault, change.id)
        elif change.id in self._cluster.active:
            self._heal(change.id)

    def _judge(self) -> None:
        findings = self._cluster.findings_so_far()
        told = tuple(m.Finding(f.checker, f.verdict, f.because) for f in findings)
        self._verdict = (worst(f.verdict for f in findings), round(self._cluster.now_s, 3), told)

    # --- time ---

    def _pass_time(self) -> None:
        now_s = time.monotonic()
        passed_s, self._looked_s = min(now_s - self._looked_s, SIMULATED_AHEAD_S), now_s
        if not self._simulated:
            self._cluster.advance(TICK_S * self._cluster.session.speed)
        elif self._pace > 0:
            self._cluster.advance(passed_s * self._pace)

    def _play(self) -> None:
        if self._auto and self._done < len(self._changes) and self._cluster.now_s >= self._due_s:
            try:
                self._next()
            except (ValueError, BackendUnavailable):
                self._auto = False  # a fault made by hand contradicts the remaining steps

    # --- news ---

    def _tell(self) -> None:
        fresh = self._take_in()
        told = [item for item in fresh if item.kind in TOLD_KINDS]
        if told:
            self._hub.tell(lambda: m.Story(tuple(self._entry(self._told + n, item) for n, item in enumerate(told, 1))))
            self._told += len(told)
        if fresh or self._shown != self._settings():
            self._shown = self._settings()
            self._hub.tell(self._state)
        now_s = time.monotonic()
        beats = self._sampler.sample(self._beats.take(now_s), now_s)
        if beats:
            self._hub.tell(m.Beats(tuple(beats)))
        if now_s - self._clock_s >= CLOCK_S:
            self._clock_s = now_s
            self._hub.tell(m.Clock(round(self._cluster.now_s, 1)))
            self._save()

    def _settings(self) -> tuple[object, ...]:
        return (tuple(self._cluster.active), self._done, self._auto, self._pace, self._verdict)

    def _take_in(self) -> list[Record]:
        """New records, by time; a host that lost power keeps no records."""
        records = self._cluster.session.records()
        fresh = sorted([*self._own, *records[self._read :]], key=lambda item: item.at_ns)
        self._own, self._read = [], len(records)
        for item in fresh:
            self._view.see(item)
            if item.kind == "fault":
                fault_id = str(item.get("id"))
                self._began[fault_id] = self._at_s(item)
                self._zero_s = self._at_s(item) if self._zero_s is None else self._zero_s
                value = self._cluster.active.get(fault_id)
                if value is not None and item.get("phase") == "begin":
                    lab = self._cluster.plan.topology
                    off = [c.node for c in value.primitives(lab) if isinstance(c, p.PowerOff)]
                    self._view.lost_power(off)
        return fresh

    def _state(self) -> m.State:
        active = self._cluster.active
        verdict, judged_s, findings = self._verdict
        return m.State(
            phase="running",
            picture=self._view.picture(active),
            active=tuple(m.Active(i, in_words(f), f, self._began.get(i, 0.0)) for i, f in active.items()),
            steps_done=self._done,
            auto=self._auto,
            pace=self._pace,
            zero_s=self._zero_s or 0.0,
            verdict=verdict,
            judged_s=judged_s,
            findings=tuple(m.Finding(f.checker, f.verdict, reason(f.because)) for f in findings),
        )

    def _entry(self, number: int, item: Record) -> m.Entry:
        because = reason(str(item.get("because") or ""))
        return m.Entry(number, round(self._at_s(item), 3), item.kind, sentence(item), because)

    def _at_s(self, item: Record) -> float:
        return item.at_ns / SECOND - self._ready_s

    @property
    def _ready_s(self) -> float:
        return self._cluster.session.now_ns() / SECOND - self._cluster.now_s

    def _save(self) -> None:
        self._hub.keep(as_toml(self._cluster.scenario(SAVED_NAME, "What was done by hand on the live page")))


def _beats(cluster: Cluster, directory: Path | None) -> Source:
    if isinstance(cluster.session, SimulationSession):
        return SimulatedBeats(cluster.session.cluster)
    assert directory is not None, "real packets have a capture"
    return CapturedBeats(directory, cluster.plan.topology)


def _with(scenario: Scenario, fault: Fault, fault_id: str, at_s: float) -> Scenario:
    return msgspec.structs.replace(
        scenario, steps=(*scenario.steps, Step(at_s=at_s, fault=fault, id=fault_id)), settle_s=1.0
    )
