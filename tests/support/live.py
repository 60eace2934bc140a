"""A listener in place of a browser: it keeps what a lab behind the live page sends, and waits for more."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from herzschlag.backends.names import BackendName
from herzschlag.live.lab import LiveLab
from herzschlag.live.messages import AnyCommand, Lab
from herzschlag.report.plans import plans
from herzschlag.scenarios.model import Cluster, Scenario
from tests.support.waiting import until

PATIENCE_S = 60.0
"""Far more than any step takes on a busy machine."""
SMALL = Scenario(name="small", title="Small", cluster=Cluster(hosts=3, vms_per_host=1), speed=1.0)


def a_lab(number: int = 1) -> Lab:
    return Lab(
        number=number,
        backend="simulation",
        speed=1.0,
        scenario="small",
        title="Small",
        about="",
        steps=(),
        networks=("A", "B"),
        hosts=("host-98", "host-99"),
        datastores=(),
        plans=plans(("host-98", "host-99"), ("A", "B"), vms_most=2),
        scenarios=(),
    )


class Told:
    """Everything that one listener received, and the latest of each absolute state."""

    def __init__(self) -> None:
        self.news: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def hear(self, data: bytes) -> None:
        with self._changed:
            self.news.append(msgspec.json.decode(data))
            self._changed.notify_all()

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in list(self.news) if one["news"] == kind]

    def last(self, kind: str) -> dict[str, Any]:
        return (self.all(kind) or [{}])[-1]

    @property
    def state(self) -> dict[str, Any]:
        return self.last("state")

    @property
    def story(self) -> list[list[Any]]:
        return [entry for one in self.all("story") for entry in one["entries"]]

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until the condition is true; it is checked at every piece of news."""
        with self._changed:
            until(condition, what, state=lambda: self.state, pause=self._changed.wait)


class Hands:
    """A running lab, and a user's hands on it."""

    def __init__(self, lab: LiveLab) -> None:
        self.lab = lab
        self.told = Told()
        lab.hub.listen(-1, self.told.hear)

    def ask(self, command: AnyCommand) -> None:
        self.lab.hub.ask(command, self.told.hear)

    def until_running(self) -> None:
        self.told.until(lambda: self.told.state.get("phase") in ("running", "failed"), "the lab runs")
        assert self.told.state["phase"] == "running", self.told.state


@contextmanager
def running(scenario: Scenario = SMALL, backend: BackendName = "simulation", speed: float = 1.0) -> Iterator[Hands]:
    lab = LiveLab(scenario, backend, speed=speed)
    hands = Hands(lab)
    lab.start()
    try:
        hands.until_running()
        yield hands
    finally:
        lab.close()


class Command:
    """The command `herzschlag live` as a user starts it, with its output."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def line(self, holding: str) -> str:
        """The next line with this in it."""
        seen = []
        deadline = time.monotonic() + PATIENCE_S
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                seen.append(self._lines.get(timeout=left_s))
            except queue.Empty:
                break
            if holding in seen[-1] or not seen[-1]:
                return seen[-1]
        raise AssertionError(f"no line with {holding!r} in {PATIENCE_S:g} s, but {seen}")

    def link(self, holding: str = "Live page") -> str:
        line = self.line(holding)
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        return found[0]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")


@contextmanager
def command(*arguments: str, temporary: Path, name: str = "live") -> Iterator[Command]:
    """Run `herzschlag live`, or another command that serves a page, with its temporary files in `temporary`. Afterwards
    interrupt it, and kill it if that fails."""
    with subprocess.Popen(
        [sys.executable, "-m", "herzschlag", name, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        try:
            yield Command(process)
            process.terminate()
            process.wait(PATIENCE_S)
        finally:
            process.kill()
