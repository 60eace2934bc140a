"""The session of the backend on real packets: a sandbox with a stage in it, and the records that the lab writes.

This module decides how a lab is started and ended, and what a fault asks of it. It leaves records and their time to
`record_tail.py`, the conversation with the stage to `stage_line.py`, everything inside the sandbox to `stage/`. When
this process ends, by any signal, nothing of the lab is left, because the sandbox ends with it.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from herzschlag.backends.base import BackendUnavailable, Effect, HasSandbox, Missing
from herzschlag.backends.mininet.capture import RunCapture
from herzschlag.backends.mininet.needs import parts, programs
from herzschlag.backends.mininet.record_tail import RecordTail, RunClock
from herzschlag.backends.mininet.stage.api import (
    Collect,
    Collected,
    Done,
    Holders,
    Look,
    Looked,
    Ready,
    StageSettings,
    Want,
    Where,
    cut_name,
)
from herzschlag.backends.mininet.stage.beginning import AGENTS, PROGRAMS
from herzschlag.backends.mininet.stage_line import StageLine
from herzschlag.backends.mininet.turns import Turn
from herzschlag.backends.names import BackendName
from herzschlag.faults import Fault
from herzschlag.faults import primitives as p
from herzschlag.faults.line_quality import line_effect
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.kinds import CaptureFull, Counters, Machinery
from herzschlag.history.records import TAIL_FILE, Record
from herzschlag.history.sent import SentPacket
from herzschlag.scenarios.plan import Plan, vcenter_settings
from herzschlag.topo.environment import environment
from herzschlag.topo.errors import UnusableMachineError
from herzschlag.topo.sandbox.sandbox import Sandbox

START_S_MAX = 60.0
ANSWER_S_MAX = 60.0
"""The wait for an answer, beyond the time that the stage itself waits for its parts."""
POLL_S = 0.02
"""Interval at which the record file is read while nothing else happens: three times in one heartbeat at speed 10."""
AFTER_HEARTBEAT_NS = 10_000_000
"""Faults are set off this long (real time) after a heartbeat instant."""
INNER_LOGS = Path("/run/herzschlag-log")
"""Where logs go without a run directory: into the sandbox's own /run, which ends with the sandbox, however it ends."""
LEAD_NS = 100_000_000
"""How long before its instant (real time) a fault is reported to the stage, at least. The stage has priority; this
process is an ordinary one, and has been seen to wait for a processor for 0.29 s beside five other labs."""


class MininetSession(HasSandbox):
    """One lab on real packets."""

    def __init__(self, plan: Plan, turn: Turn | None = None) -> None:
        """`turn`: to come up; given back when the lab is up."""
        self.plan = plan
        self._active: dict[str, tuple[p.Primitive, ...]] = {}
        self._versions: dict[str, str] = {}
        self.pids: dict[str, int] = {}
        """Machinery and first processes of nodes, numbered as inside the sandbox."""
        self.timings_ms: dict[str, float] = {}
        self._sandbox: Sandbox | None = None
        self._turn = turn or Turn(None)
        interval_ns = plan.timers.at_speed(plan.speed).heartbeat_interval_ns
        self._phase_ns = random.randrange(interval_ns)
        """Of the lab's heartbeats, so that many labs do not want the processors in the same instants."""
        self._clock = RunClock.on_grid(time.monotonic_ns(), interval_ns, self._phase_ns, plan.speed)
        self._tail = RecordTail(self._clock)
        self._line = StageLine(self._tail)
        self._finished_ns: int | None = None
        self._key = secrets.token_bytes(32)
        self._capture = RunCapture(plan, self._key, self._clock.zero_ns)

    # --- Properties ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> BackendName:
        return "mininet"

    @property
    def inner(self) -> Self:
        return self

    @property
    def speed(self) -> float:
        return self.plan.speed

    @property
    def after_heartbeat_ns(self) -> int:
        return round(AFTER_HEARTBEAT_NS * self.plan.speed)

    @property
    def lead_ns(self) -> int:
        return round(LEAD_NS * self.plan.speed)

    @property
    def sandbox_pid(self) -> int:
        """The pid of the stage, as this process numbers it."""
        assert self._sandbox is not None, "start the session first"
        return self._sandbox.pid

    def holders(self) -> Mapping[str, int]:
        """Every node that has power, with its pid 1 as the sandbox numbers it: the way into the node."""
        self._line.tell(Where())
        return self._line.answer(Holders, ANSWER_S_MAX).pids

    def sent(self) -> Iterable[SentPacket]:
        return ()  # The capture shows it, when it is complete.

    def versions(self) -> Mapping[str, str]:
        return self._versions

    @property
    def capture(self) -> CaptureFacts:
        return self._capture.facts

    def records(self) -> Sequence[Record]:
        return self._tail.records

    def now_ns(self) -> int:
        return self._finished_ns if self._finished_ns is not None else self._clock.protocol_ns(time.monotonic_ns())

    # --- Starting -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        if missing := [*parts(), *programs(self.plan.system)]:
            raise BackendUnavailable(*missing)
        logs = self._log_directory()
        written = self._tail.open(None if logs is None else logs / TAIL_FILE)
        inner = self._line.open()
        self._capture.start(logs)
        capture = self._capture.lines
        handed = (inner.fileno(), written, *capture)
        kind = AGENTS if self.plan.system is None else PROGRAMS
        words = (inner.fileno(), written, logs or INNER_LOGS, kind, *capture)
        try:
            with (Path(os.devnull) if logs is None else logs / "stage.log").open("ab") as output:
                self._sandbox = Sandbox.start(
                    [sys.executable, "-m", "herzschlag.backends.mininet.stage", *map(str, words)],
                    env=environment(),
                    pass_fds=handed,
                    stdout=output,
                    stderr=output,
                    keep=[] if logs is None else [logs],
                )
        except UnusableMachineError as error:
            raise BackendUnavailable(Missing(error.what, error.fix)) from None
        finally:
            inner.close()
            os.close(written)
            self._capture.passed()
        self._line.send_settings(self._settings(logs or INNER_LOGS))
        ready = self._line.answer(Ready, START_S_MAX)
        self._turn.over()
        self._versions = dict(ready.versions)
        self.pids = ready.pids
        self.timings_ms = ready.timings_ms

    def _log_directory(self) -> Path | None:
        if self.plan.directory is None:
            return None
        logs = self.plan.directory.resolve() / "log"
        logs.mkdir(parents=True, exist_ok=True)
        return logs

    def _settings(self, logs: Path) -> StageSettings:
        plan = self.plan
        timers = plan.timers.at_speed(plan.speed)
        draw = random.Random(plan.seed)
        interval_ns = timers.heartbeat_interval_ns
        spread = plan.phases == "spread"
        return StageSettings(
            topology=plan.topology,
            config=plan.config,
            vcenter=msgspec.structs.replace(vcenter_settings(plan), timers=timers),
            timers=timers,
            speed=plan.speed,
            phases_ns={
                moid: self._phase_ns + (draw.randrange(interval_ns) if spread else 0) for moid in plan.topology.moids
            },
            key=self._key,
            datapath=plan.datapath,
            log_directory=str(logs),
            capture=plan.capture,
            system=plan.system,
            seed=plan.seed,
            bad_lines=plan.bad_lines,
        )

    # --- Faults -------------------------------------------------------------------------------------------------------

    def begin(self, fault_id: str, fault: Fault, at_ns: int, every_ns: int = 0) -> Effect:
        primitives = fault.primitives(self.plan.topology)
        active = self._active | {fault_id: primitives}
        effect = self._want(active, p.commands(primitives), at_ns, every_ns)
        self._active = active
        return effect

    def end(self, fault_id: str, at_ns: int, every_ns: int = 0) -> Effect:
        active = {name: primitives for name, primitives in self._active.items() if name != fault_id}
        effect = self._want(active, (), at_ns, every_ns)
        self._active = active
        return effect

    def _want(
        self,
        active: Mapping[str, tuple[p.Primitive, ...]],
        commands: tuple[p.AnyCommand, ...],
        at_ns: int,
        every_ns: int,
    ) -> Effect:
        conditions = tuple(p.combined(active.values()))
        clock = self._clock
        real_at_ns, real_every_ns = clock.real_ns(at_ns), round(every_ns / self.plan.speed)
        self._line.tell(Want(conditions=conditions, commands=commands, at_ns=real_at_ns, every_ns=real_every_ns))
        left_s = max(0, real_at_ns - time.monotonic_ns(), real_every_ns) / 1e9
        done = self._line.answer(Done, left_s + ANSWER_S_MAX)
        planned_ns = at_ns + done.skipped * every_ns
        if means := done.evidence.get("means"):
            served = {*self._versions.get("impairments", "").split(), *means}
            self._versions["impairments"] = " ".join(sorted(served))
        return Effect(
            planned_ns,
            clock.protocol_ns(done.asked_ns),
            clock.protocol_ns(done.effective_ns),
            took_ns=done.took_ns,
            dropped=done.dropped,
            evidence=done.evidence,
        )

    # --- Time ---------------------------------------------------------------------------------------------------------

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        """Let real time pass. Records written just before `at_ns` are waited for: they count as well."""
        records = self._tail.records
        seen = len(records)
        while True:
            self._line.check()
            self._tail.read()
            fresh, seen = records[seen:], len(records)
            if stop is not None and any(stop(record) for record in fresh):
                return True
            left_s = (self._clock.real_ns(at_ns) - time.monotonic_ns()) / 1e9
            if left_s <= 0:
                self._tail.read()
                return stop is not None and any(stop(record) for record in records[seen:])
            self._line.listen(min(POLL_S, left_s))

    # --- The end ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        self._line.tell(Collect())
        collected = self._line.answer(Collected, ANSWER_S_MAX)
        self._finished_ns = self._clock.protocol_ns(collected.at_ns)
        self._tail.read()
        for entry in (*collected.disks, *self._counters(collected), collected.switches):
            self._tail.write(collected.at_ns, entry)
        for name in collected.stopped:
            self._tail.write(
                collected.at_ns,
                Machinery(what=name, because="it stood still when a host lost power, or at the end of the run"),
            )
        self._note_of_capture(self._capture.news())

    def _note_of_capture(self, news: tuple[int, CaptureFull] | None) -> None:
        if news is not None:
            self._tail.write(*news)

    def _counters(self, collected: Collected) -> Iterator[Counters]:
        """The packets that met each fault that is still in force and cuts links at a switch, or makes lines bad."""
        for fault_id, primitives in self._active.items():
            cuts = {
                cut_name(c.network, c.src, c.dst) for c in primitives if isinstance(c, p.LinkCut) and c.at == "switch"
            }
            bad = [cut_name(c.network, c.src, c.dst) for c in primitives if isinstance(c, p.Impaired)]
            lines = [collected.lines[name] for name in bad if name in collected.lines]
            if cuts:
                yield Counters(id=fault_id, dropped=sum(collected.dropped.get(name, 0) for name in cuts))
            elif lines:
                line = line_effect(lines, self.plan.speed)
                yield Counters(id=fault_id, dropped=line["lost"] + line["overflowed"], line=line)

    def look(self) -> Mapping[str, str]:
        self._line.tell(Look())
        conditions = sorted(map(repr, p.combined(self._active.values())))
        return {"conditions": "\n".join(conditions), **self._line.answer(Looked, ANSWER_S_MAX).seen}

    def resume(self) -> None:
        self._line.check()
        self._finished_ns = None

    def close(self) -> None:
        self._turn.over()
        if self._sandbox is not None:
            self._sandbox.kill()
            self._sandbox = None
        full = self._capture.end()
        self._line.close()
        self._tail.close()
        self._note_of_capture(full)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
