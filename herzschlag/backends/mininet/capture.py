"""The capture of one run on real packets, at its end outside the sandbox: the file, its head, the recorder's line.

This module decides where the file is and what its head says. It leaves the packets to `topo/capture/capture.py`.
Without a run directory, or when it was asked not to, nothing is captured and every call is harmless.
"""

from __future__ import annotations

import time
from pathlib import Path

from herzschlag.history.capture_facts import CAPTURE_FILE, CaptureFacts, to_comment
from herzschlag.history.kinds import CaptureFull
from herzschlag.scenarios.plan import Plan
from herzschlag.topo.capture.capture import Recorder

LOG_FILE = "capture.log"
_READINGS = 5


def wall_minus_monotonic_ns() -> int:
    """The difference of the two clocks, from the pair of readings that are closest together."""
    pairs = []
    for _ in range(_READINGS):
        before_ns = time.monotonic_ns()
        wall_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        pairs.append((after_ns - before_ns, wall_ns - (before_ns + after_ns) // 2))
    return min(pairs)[1]


class RunCapture:
    def __init__(self, plan: Plan, key: bytes, zero_ns: int) -> None:
        self._apart_ns = wall_minus_monotonic_ns()
        self._directory = plan.directory if plan.capture != "off" else None
        self._limit_bytes = plan.capture_bytes
        self._told = False
        self._recorder: Recorder | None = None
        self.facts = CaptureFacts(
            cluster=plan.config.name,
            key=key.hex(),
            began_wall_ns=zero_ns + self._apart_ns,
            began_monotonic_ns=zero_ns,
            speed=plan.speed,
            mode=plan.capture,
        )

    def start(self, logs: Path | None) -> None:
        if self._directory is None or logs is None:
            return
        with (self._directory / CAPTURE_FILE).open("wb", buffering=0) as file, (logs / LOG_FILE).open("ab") as log:
            self._recorder = Recorder.start(
                file, self._apart_ns, log, (to_comment(self.facts),), limit_bytes=self._limit_bytes
            )

    @property
    def lines(self) -> tuple[int, ...]:
        """The descriptors that the sandbox must be handed: one, or none."""
        return () if self._recorder is None else (self._recorder.line,)

    def passed(self) -> None:
        if self._recorder is not None:
            self._recorder.passed()

    def news(self) -> tuple[int, CaptureFull] | None:
        """Once, after the file has reached its limit: when that was, on the monotonic clock, and the record of it."""
        full_ns = None if self._recorder is None or self._told else self._recorder.full_ns()
        if full_ns is None:
            return None
        self._told = True
        megabytes = self._limit_bytes / 1e6
        because = f"{CAPTURE_FILE} reached its limit of {megabytes:g} MB: later packets are missing"
        return full_ns - self._apart_ns, CaptureFull(limit_bytes=self._limit_bytes, because=because)

    def end(self) -> tuple[int, CaptureFull] | None:
        """The lab is gone: wait for the last packets. A recorder that failed has said so while the lab lived. Returns
        news that were not fetched yet."""
        if self._recorder is None:
            return None
        self._recorder.wait()
        last = self.news()
        self._recorder = None
        return last
