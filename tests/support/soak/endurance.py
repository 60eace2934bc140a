"""The large lab, seen from outside: its processes' memory and descriptors over time, and what it says at last."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import msgspec

from tests.support.marked import processes
from tests.support.soak.machine import descriptors_of, left, marked, memory_of

CHECKOUT = Path(__file__).resolve().parents[3]
SAMPLE_S = 30.0
ENDS_S = 180.0
"""What judging an hour of 64 hosts may take."""
GROWN_DESCRIPTORS = 8
"""A process that opened more than this over all the time leaks."""
STEADY = ("agent", "hypervisor", "VM", "vcenter", "ovs-vswitchd", "ovsdb-server", "controller", "recorder", "launcher")
"""What keeps no history of its own: stage and program do, so their memory grows with it."""
GROWN_MEMORY = 1.5
"""Times as large, and by more than `GROWN_MB`: a process that keeps no history and grew by this leaks."""
GROWN_MB = 16.0


class Kind(msgspec.Struct, frozen=True):
    """All processes of one kind at one moment."""

    count: int
    descriptors: int
    """Of the one that has most."""
    memory: float
    """Resident, MB, of the largest."""


class Endured(msgspec.Struct):
    """What came of it."""

    wanted_s: float
    told: dict[str, Any] = {}
    """The last line of the program, a `Lab` of large.py; empty when there was none."""
    first: dict[str, Kind] = {}
    last: dict[str, Kind] = {}
    grown: list[str] = []
    wrong: list[str] = []
    left: list[str] = []
    seconds: float = 0.0


class Large:
    """The program under way, in its own process, watched by a thread."""

    def __init__(self, home: Path, *, hosts: int, seconds: float, seed: int, speed: float = 1.0) -> None:
        self._mark, self._home = uuid.uuid4().hex, home / "large"
        self._temporary = self._home / "tmp"
        self.endured = Endured(seconds)
        self._began = time.monotonic()
        options = {"hosts": hosts, "seconds": seconds * speed, "seed": seed, "speed": speed, "out": self._home / "run"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        environment = marked(self._mark, self._temporary)
        self._output = (self._home / "output.txt").open("w+", encoding="utf-8")
        self._errors = (self._home / "errors.txt").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.soak.large", *words],
            stdout=self._output,
            stderr=self._errors,
            cwd=CHECKOUT,
            env=environment,
            start_new_session=True,
        )
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def wait(self, deadline_s: float) -> Endured:
        """Wait for its end; tell it to end at the deadline (of the monotonic clock)."""
        try:
            self._process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self) -> Endured:
        """What it came to: it ends by itself, was told to end, or is killed."""
        try:
            self._process.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self.endured.wrong.append(f"it did not end within {ENDS_S:g} s")
        self._ended.set()
        self._watcher.join()
        self.endured.seconds = round(time.monotonic() - self._began, 1)
        output, errors = self._read(self._output), self._read(self._errors)
        lines = output.splitlines()
        if self._process.returncode == 0 and lines and lines[-1].startswith("{"):
            self.endured.told = json.loads(lines[-1])
            self.endured.wrong += [
                f"{checker} is violated: {because}"
                for checker, (verdict, because) in self.endured.told["findings"].items()
                if verdict == "violated"
            ]
        elif self._process.returncode != -signal.SIGTERM:  # which it is if told to end before it was ready
            self.endured.wrong.append(f"it ended with {self._process.returncode}: {errors.strip()[-600:]}")
        self.endured.grown = grown(self.endured.first, self.endured.last)
        self.endured.left = left(self._mark, self._temporary)
        return self.endured

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def _read(self, stream: Any) -> str:
        stream.seek(0)
        text: str = stream.read()
        stream.close()
        return text

    def _watch(self) -> None:
        while not (self._home / "output.txt").read_text(encoding="utf-8").startswith("ready"):
            if self._ended.wait(0.5):
                return
        while True:
            found = self._kinds()
            if "agent" in found:  # the last look comes before its end, not after
                self.endured.first = self.endured.first or found
                self.endured.last = found
            if self._ended.wait(SAMPLE_S):
                return

    def _kinds(self) -> dict[str, Kind]:
        alive = processes(self._mark)
        alive[self._process.pid] = "program"
        found: dict[str, Kind] = {}
        for kind in sorted(set(alive.values())):
            pids = [pid for pid, name in alive.items() if name == kind]
            found[kind] = Kind(len(pids), max(map(descriptors_of, pids)), max(map(memory_of, pids)))
        return found


def grown(first: dict[str, Kind], last: dict[str, Kind]) -> list[str]:
    """Which kinds of processes leak, by what the first and the last look say."""
    found = []
    for kind in sorted(first.keys() & last.keys()):
        before, after = first[kind], last[kind]
        if after.descriptors > before.descriptors + GROWN_DESCRIPTORS:
            found.append(f"{kind}: {before.descriptors} descriptors became {after.descriptors}")
        if kind in STEADY and after.memory > max(before.memory * GROWN_MEMORY, before.memory + GROWN_MB):
            found.append(f"{kind}: {before.memory:g} MB became {after.memory:g} MB")
    return found
