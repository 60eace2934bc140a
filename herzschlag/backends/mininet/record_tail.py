"""The records of a run on real packets: the tail of the file that the lab's processes write, in protocol time.

This module decides how real time becomes protocol time, and that a line of the file counts as soon as it is complete.
It leaves what a record says to the process that wrote it.

    protocol time = (monotonic clock - zero) x speed

Zero is a heartbeat instant: heartbeats of hosts with phase 0 go out when the monotonic clock is a multiple of the
interval, so they are at whole intervals of protocol time as well.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from herzschlag.agents.records import Entry, Unit, fields_of, kind_of
from herzschlag.history.kinds import KINDS
from herzschlag.history.records import RUNNER, Record

READ_BYTES = 1 << 20


class RunClock(NamedTuple):
    """The monotonic clock and the clock of the protocol, which goes `speed` times as fast."""

    zero_ns: int
    """The zero of protocol time, on the monotonic clock."""
    speed: float

    @classmethod
    def on_grid(cls, now_ns: int, interval_ns: int, phase_ns: int, speed: float) -> Self:
        """Its zero is the last instant at which heartbeats of this phase are due."""
        return cls((now_ns - phase_ns) // interval_ns * interval_ns + phase_ns, speed)

    def protocol_ns(self, real_ns: int) -> int:
        return round((real_ns - self.zero_ns) * self.speed)

    def real_ns(self, protocol_ns: int) -> int:
        return self.zero_ns + round(protocol_ns / self.speed)

    def in_protocol_time(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields of a record, converted by their units: a real length stays as it is."""
        converted = dict(fields)
        for name, field in KINDS[kind].fields.items():
            if field.unit is Unit.INSTANT and name in fields:
                converted[name] = self.protocol_ns(fields[name])
            elif field.unit is Unit.LENGTH and name in fields:
                converted[name] = round(fields[name] * self.speed)
        return converted


class RecordTail:
    """All records so far: those of the file, and those that are added here."""

    def __init__(self, clock: RunClock) -> None:
        self._clock = clock
        self._file: int | None = None
        self._unread = b""
        self.records: list[Record] = []

    def open(self, path: Path | None) -> int:
        """Make the file; None: one without a name, of which nothing can be left. Returns the descriptor to write to,
        which the caller has to close. Raises FileExistsError, because one file must never hold two labs' records."""
        if path is None:
            with tempfile.TemporaryFile() as unnamed:
                return self._open(f"/proc/self/fd/{unnamed.fileno()}", 0)
        return self._open(path, os.O_CREAT | os.O_EXCL)

    def _open(self, path: Path | str, how: int) -> int:
        writer = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | how, 0o644)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return writer

    def read(self) -> None:
        """Take in what the lab's processes have written; an incomplete line waits for its rest."""
        if self._file is None:
            return
        while chunk := os.read(self._file, READ_BYTES):
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            for line in lines:
                data = msgspec.json.decode(line, type=dict[str, Any])
                self._add(data.pop("at_ns"), data.pop("node"), data.pop("kind"), data)

    def write(self, real_ns: int, entry: Entry) -> None:
        """Add a record of the harness itself."""
        self._add(real_ns, RUNNER, kind_of(entry), fields_of(entry))

    def _add(self, real_ns: int, node: str, kind: str, fields: Mapping[str, Any]) -> None:
        at_ns, converted = self._clock.protocol_ns(real_ns), self._clock.in_protocol_time(kind, fields)
        self.records.append(Record(at_ns, len(self.records), node, kind, converted))

    def close(self) -> None:
        """Read what was written until now, for the last time."""
        if self._file is not None:
            self.read()
            os.close(self._file)
            self._file = None
