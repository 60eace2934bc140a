"""The backend on real packets, as the runner sees it: a sandbox with a stage in it, and the records it writes.

Decides how real time becomes protocol time and how records get from the sandbox into a history. Leaves everything
inside the sandbox to `stage.py`. When this process ends, by any signal, nothing of the lab is left: the sandbox sees
to it.

    protocol time = (monotonic clock - zero) x speed

Zero is a heartbeat instant: heartbeats of hosts with phase 0 go out when the monotonic clock is a multiple of the
interval, so they stand at whole intervals of protocol time as well.
"""

from __future__ import annotations

import os
import random
import secrets
import select
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from herzschlag.backends.base import BackendUnavailable, Effect, MachineryDied, Missing
from herzschlag.backends.mininet.capture import RunCapture
from herzschlag.backends.mininet.stage.api import (
    Collect,
    Collected,
    Done,
    Holders,
    Look,
    Looked,
    MachineryGone,
    Ready,
    Refused,
    StageNews,
    StageSettings,
    Want,
    Where,
)
from herzschlag.backends.names import BackendName
from herzschlag.controller import installed
from herzschlag.faults import Fault
from herzschlag.faults import primitives as p
from herzschlag.history.capture_facts import CaptureFacts
from herzschlag.history.records import RUNNER, Record
from herzschlag.scenarios.plan import Plan, vcenter_settings
from herzschlag.topo.environment import environment
from herzschlag.topo.errors import UnusableMachineError
from herzschlag.topo.kernel.probes import missing_for_a_lab
from herzschlag.topo.sandbox.sandbox import Sandbox

START_S_MAX = 60.0
ANSWER_S_MAX = 60.0
"""Beyond what the stage itself waits for its parts."""
POLL_S = 0.02
"""How often the record file is looked at while nothing else happens: three times in one heartbeat at speed 10."""
AFTER_HEARTBEAT_NS = 10_000_000
"""Faults are set off this long (real time) after a heartbeat instant."""
LEAD_NS = 100_000_000
"""How long before its instant (real time) the stage, which comes first, is told of a fault: this process is an ordinary
one, and was seen to wait for a processor for longer than a fault may be late."""
REAL_FIELDS = {"max_ns", "p99_ns", "took_ns"}
"""Lengths in records that stay real ones ..."""
LENGTHS = {"given_up_ago_ns"}
"""... and that become protocol time; every other `_ns` field is an instant of the monotonic clock."""

N = TypeVar("N", Done, Collected, Looked, Holders, Ready)


class MininetSession:
    """One lab on real packets."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._records: list[Record] = []
        self._active: dict[str, tuple[p.Primitive, ...]] = {}
        self._versions: dict[str, str] = {}
        self.pids: dict[str, int] = {}
        """Machinery and first processes of nodes, numbered as inside the sandbox."""
        self.timings_ms: dict[str, float] = {}
        self._sandbox: Sandbox | None = None
        self._socket: socket.socket | None = None
        self._received = b""
        self._gone: MachineryGone | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tail: int | None = None
        self._unread = b""
        interval_ns = plan.timers.at_speed(plan.speed).heartbeat_interval_ns
        self._zero_ns = time.monotonic_ns() // interval_ns * interval_ns
        self._finished_ns: int | None = None
        self._key = secrets.token_bytes(32)
        self._capture = RunCapture(plan, self._key, self._zero_ns)

    # --- What it is ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> BackendName:
        return "mininet"

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
        """The stage, as this process numbers it."""
        assert self._sandbox is not None, "start the session first"
        return self._sandbox.pid

    def holders(self) -> Mapping[str, int]:
        """Every node that has power to its pid 1, as the sandbox numbers it: the way in."""
        self._tell(Where())
        return self._await(Holders, ANSWER_S_MAX).pids

    def versions(self) -> Mapping[str, str]:
        return self._versions

    @property
    def capture(self) -> CaptureFacts:
        return self._capture.facts

    def records(self) -> Sequence[Record]:
        return self._records

    def now_ns(self) -> int:
        return self._finished_ns if self._finished_ns is not None else self._protocol_ns(time.monotonic_ns())

    def _protocol_ns(self, real_ns: int) -> int:
        return round((real_ns - self._zero_ns) * self.plan.speed)

    def _real_ns(self, protocol_ns: int) -> int:
        return self._zero_ns + round(protocol_ns / self.plan.speed)

    # --- Coming up ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        missing = [Missing(one.what, one.fix) for one in missing_for_a_lab()]
        if not installed():
            missing.append(Missing("a controller framework (os-ken or Ryu)", "pip install os-ken"))
        if missing:
            raise BackendUnavailable(*missing)
        logs = self._log_directory()
        records = logs / "records.jsonl"
        written = os.open(records, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._tail = os.open(records, os.O_RDONLY | os.O_CLOEXEC)
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._capture.start(logs)
        handed = (theirs.fileno(), written, *self._capture.lines)
        try:
            with (logs / "stage.log").open("ab") as output:
                self._sandbox = Sandbox.start(
                    [sys.executable, "-m", "herzschlag.backends.mininet.stage", *map(str, handed)],
                    env=environment(),
                    pass_fds=handed,
                    stdout=output,
                    stderr=output,
                    keep=[logs],
                )
        except UnusableMachineError as error:
            raise BackendUnavailable(Missing(error.what, error.fix)) from None
        finally:
            theirs.close()
            os.close(written)
            self._capture.passed()
        ours.sendall(msgspec.json.encode(self._settings(logs)) + b"\n")
        ready = self._await(Ready, START_S_MAX)
        self._versions = dict(ready.versions)
        self.pids = ready.pids
        self.timings_ms = ready.timings_ms

    def _log_directory(self) -> Path:
        if self.plan.directory is None:
            self._folder = tempfile.TemporaryDirectory(prefix="herzschlag-")
            return Path(self._folder.name)
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
            phases_ns={moid: draw.randrange(interval_ns) if spread else 0 for moid in plan.topology.moids},
            key=self._key,
            datapath=plan.datapath,
            log_directory=str(logs),
            capture=plan.capture,
            delays=plan.delays,
        )

    # --- Faults -------------------------------------------------------------------------------------------------------

    def apply(self, fault_id: str, fault: Fault, at_ns: int, every_ns: int = 0) -> Effect:
        primitives = fault.primitives(self.plan.topology)
        active = self._active | {fault_id: primitives}
        effect = self._want(active, p.commands(primitives), at_ns, every_ns)
        self._active = active
        return effect

    def undo(self, fault_id: str, at_ns: int, every_ns: int = 0) -> Effect:
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
        real_at_ns, real_every_ns = self._real_ns(at_ns), round(every_ns / self.plan.speed)
        self._tell(Want(conditions=conditions, commands=commands, at_ns=real_at_ns, every_ns=real_every_ns))
        left_s = max(0, real_at_ns - time.monotonic_ns(), real_every_ns) / 1e9
        done = self._await(Done, left_s + ANSWER_S_MAX)
        planned_ns = at_ns + done.skipped * every_ns
        evidence = self._in_protocol_time(done.evidence)
        if means := done.evidence.get("means"):
            served = {*self._versions.get("impairments", "").split(), *means}
            self._versions["impairments"] = " ".join(sorted(served))
        return Effect(planned_ns, self._protocol_ns(done.asked_ns), self._protocol_ns(done.effective_ns), evidence)

    # --- Time ---------------------------------------------------------------------------------------------------------

    def run_until(self, at_ns: int, stop: Callable[[Record], bool] | None = None) -> bool:
        """Let real time pass. Records written just before `at_ns` are waited for: they count as well."""
        seen = len(self._records)
        while True:
            self._check()
            self._read_records()
            fresh, seen = self._records[seen:], len(self._records)
            if stop is not None and any(stop(record) for record in fresh):
                return True
            left_s = (self._real_ns(at_ns) - time.monotonic_ns()) / 1e9
            if left_s <= 0:
                self._read_records()
                return stop is not None and any(stop(record) for record in self._records[seen:])
            self._listen(min(POLL_S, left_s))

    # --- The end ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        self._tell(Collect())
        collected = self._await(Collected, ANSWER_S_MAX)
        self._finished_ns = self._protocol_ns(collected.at_ns)
        self._read_records()
        for kind, fields in collected.records:
            self._add(collected.at_ns, RUNNER, kind, fields)

    def look(self) -> Mapping[str, str]:
        self._tell(Look())
        conditions = sorted(map(repr, p.combined(self._active.values())))
        return {"conditions": "\n".join(conditions), **self._await(Looked, ANSWER_S_MAX).seen}

    def resume(self) -> None:
        self._check()
        self._finished_ns = None

    def close(self) -> None:
        if self._sandbox is not None:
            self._sandbox.kill()
            self._sandbox = None
        self._capture.end()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._tail is not None:
            self._read_records()
            os.close(self._tail)
            self._tail = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- Records ------------------------------------------------------------------------------------------------------

    def _read_records(self) -> None:
        """Take in what the lab's processes have written; a line that is not whole yet waits."""
        if self._tail is None:
            return
        while chunk := os.read(self._tail, 1 << 20):
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                data = msgspec.json.decode(line, type=dict[str, Any])
                self._add(data.pop("at_ns"), data.pop("node"), data.pop("kind"), data)

    def _add(self, real_ns: int, node: str, kind: str, fields: Mapping[str, Any]) -> None:
        at_ns = self._protocol_ns(real_ns)
        self._records.append(Record(at_ns, len(self._records), node, kind, self._in_protocol_time(fields)))

    def _in_protocol_time(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        def protocol(name: str, value: Any) -> Any:
            if not name.endswith("_ns") or not isinstance(value, int) or name in REAL_FIELDS:
                return value
            return round(value * self.plan.speed) if name in LENGTHS else self._protocol_ns(value)

        return {name: protocol(name, value) for name, value in fields.items()}

    # --- The stage ----------------------------------------------------------------------------------------------------

    def _tell(self, order: Want | Collect | Look | Where) -> None:
        self._check()
        assert self._socket is not None, "start the session first"
        try:
            self._socket.sendall(msgspec.json.encode(order) + b"\n")
        except OSError:
            self._lose("the stage", "it does not listen any more")

    def _await(self, kind: type[N], timeout_s: float) -> N:
        """The stage's answer; news of dead machinery ends the wait."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            for news in self._listen(left_s):
                if isinstance(news, kind):
                    return news
                if isinstance(news, Refused) and news.fix:
                    raise BackendUnavailable(Missing(news.because, news.fix))
                if isinstance(news, Refused):
                    self._lose("the stage", news.because)
            self._check()
        self._lose("the stage", f"no answer within {timeout_s:.0f} s")
        raise AssertionError("_lose raises")

    def _listen(self, timeout_s: float) -> list[StageNews]:
        """What the stage says within this time; deaths are noted here."""
        if self._socket is None or not select.select([self._socket], [], [], timeout_s)[0]:
            return []
        try:
            chunk = self._socket.recv(1 << 20)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            self._note(MachineryGone("the stage", "the sandbox's first process ended"))
            return []
        *lines, self._received = (self._received + chunk).split(b"\n")
        found: list[StageNews] = [msgspec.json.decode(line, type=StageNews) for line in lines]
        for news in found:
            if isinstance(news, MachineryGone):
                self._note(news)
        return found

    def _note(self, gone: MachineryGone) -> None:
        if self._gone is None:
            self._gone = gone
        self._add(time.monotonic_ns(), RUNNER, "machinery", {"what": gone.what, "because": gone.because})

    def _lose(self, what: str, because: str) -> None:
        self._note(MachineryGone(what, because))
        self._check()

    def _check(self) -> None:
        if self._gone is not None:
            self._read_records()
            raise MachineryDied(f"{self._gone.what}: {self._gone.because}")
