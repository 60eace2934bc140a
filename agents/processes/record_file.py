"""The file of records that all processes of a run share, and two kinds of record that processes keep themselves.

This module decides that a record is one whole line; when lateness of timers is worth a record, and how often refused
datagrams are.
"""

from __future__ import annotations

import os
import time
from typing import Literal

import msgspec

from herzschlag.agents import records

LATENESS_REPORT_NS = 2_000_000_000
"""A record of timer lateness at least this often (real time) while timers fire ..."""
LATENESS_FIRST_NS = 100_000_000
"""... the first one after this ..."""
LATENESS_NOTABLE_NS = 5_000_000
"""... and at once when one fires later than this and later than all before it."""
LATENESS_KEPT = 10_000
"""... or after so many timers."""
DROP_REPORT_NS = 1_000_000_000
"""At most one `undelivered` record per network, direction and reason in this time (real)."""

_encode = msgspec.json.Encoder().encode


Direction = Literal["in", "out"]
_Reason = tuple[Direction, str, str]
"""Direction, network, and the reason in one word."""


class RecordFile:
    """Writes records of one node to the file that all processes of a run share: whole lines, one write each."""

    def __init__(self, descriptor: int, node: str) -> None:
        self.descriptor = descriptor
        self.node = node

    def write(self, at_ns: int, entry: records.Entry) -> None:
        line = _encode({"at_ns": at_ns, "node": self.node} | msgspec.to_builtins(entry)) + b"\n"
        written = os.write(self.descriptor, line)
        if written != len(line):
            raise OSError(f"only {written} of {len(line)} bytes of a record were written: is the disk full?")


class Lateness:
    """How late timers fired (real time), in records that a killed process cannot take with it."""

    def __init__(self, file: RecordFile, process: records.ProcessName) -> None:
        self._file = file
        self._process = process
        # The first one soon: a run at a high speed may be over in a second, and who says nothing proves nothing.
        self._reported_at_ns = time.monotonic_ns() - LATENESS_REPORT_NS + LATENESS_FIRST_NS
        self._late_ns: list[int] = []
        self._worst_ns = LATENESS_NOTABLE_NS

    def fired(self, late_ns: int, now_ns: int) -> None:
        self._late_ns.append(late_ns)
        notable = late_ns > self._worst_ns
        if notable or now_ns - self._reported_at_ns >= LATENESS_REPORT_NS or len(self._late_ns) >= LATENESS_KEPT:
            self._worst_ns = max(self._worst_ns, late_ns)
            self._reported_at_ns = now_ns
            late = sorted(self._late_ns)
            p99_ns = late[len(late) * 99 // 100]
            self._file.write(
                now_ns, records.Lateness(process=self._process, max_ns=late[-1], p99_ns=p99_ns, count=len(late))
            )
            self._late_ns.clear()


class Drops:
    """Counts what was refused or could not be sent, and tells without flooding the history: at once, then at most every
    `DROP_REPORT_NS`. The loop's chore tells what remains when nothing more comes."""

    def __init__(self, file: RecordFile) -> None:
        self._file = file
        self._untold: dict[_Reason, tuple[int, str]] = {}
        """How many since the last record, and why the newest."""
        self._told_at_ns: dict[_Reason, int] = {}
        self.totals: dict[_Reason, int] = {}

    def count(self, direction: Direction, network: str, reason: str, because: str, now_ns: int) -> None:
        key = (direction, network, reason)
        self.totals[key] = self.totals.get(key, 0) + 1
        self._untold[key] = (self._untold.get(key, (0, ""))[0] + 1, because)
        told_at_ns = self._told_at_ns.get(key)
        if told_at_ns is None or now_ns - told_at_ns >= DROP_REPORT_NS:
            self._tell(key, now_ns)

    def waiting(self) -> bool:
        return bool(self._untold)

    def tell_all(self) -> None:
        for key in list(self._untold):
            self._tell(key, time.monotonic_ns())

    def _tell(self, key: _Reason, now_ns: int) -> None:
        self._told_at_ns[key] = now_ns
        direction, network, reason = key
        count, because = self._untold.pop(key)
        self._file.write(
            now_ns,
            records.Undelivered(
                direction=direction,
                network=network,
                reason=reason,
                because=because,
                count=count,
                total=self.totals[key],
            ),
        )
