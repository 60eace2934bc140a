"""The history of a run: every record on one clock, in order.

This module decides what a record is, how it looks as a line of JSON, and how records are found again. It leaves the
meaning of a kind to docs/results.md and what follows from the records to `herzschlag.checkers`. `at_ns` is protocol
time: real nanoseconds since the run began times speed, the same on both backends.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from herzschlag.agents.records import Entry, fields_of, kind_of
from herzschlag.errors import WrongPeerInput

SECOND = 1_000_000_000
HEADER = ("at_ns", "seq", "node", "kind")
"""Names that a record's own fields may not use."""

RUNNER = "herzschlag"
"""Node of the records that the harness itself writes."""


class HistoryError(WrongPeerInput):
    """A history that cannot be read: the text names file, line and rule."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened."""

    at_ns: int
    """Protocol nanoseconds since the run began."""
    seq: int
    """Position in the history, from 0; findings name records by it."""
    node: str
    """The node that wrote it: a MOID, `vcenter`, `gateway`, or `herzschlag`."""
    kind: str
    fields: dict[str, Any]

    @property
    def at_s(self) -> float:
        return self.at_ns / SECOND

    def get(self, name: str) -> Any:
        return self.fields.get(name)


def _at_ns(record: Record) -> int:
    return record.at_ns


def encode(record: Record) -> bytes:
    """One line of JSON, header first, without its newline."""
    header = {"at_ns": record.at_ns, "seq": record.seq, "node": record.node, "kind": record.kind}
    return msgspec.json.encode(header | record.fields)


def decode(line: bytes | str) -> Record:
    """One line. Raises HistoryError."""
    try:
        data = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HistoryError(str(error)) from None
    missing = [name for name in HEADER if name not in data]
    if missing:
        raise HistoryError(f"a record without {', '.join(missing)}: every line needs {', '.join(HEADER)}")
    at_ns, seq, node, kind = (data.pop(name) for name in HEADER)
    return Record(at_ns, seq, node, kind, data)


class History:
    """Records in order of time, with indexes. It is a value: nothing is added later."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: tuple[Record, ...] = tuple(records)
        self._of_kind: dict[str, list[Record]] = {}
        self._of_node: dict[tuple[str, str], list[Record]] = {}
        last_ns = None
        for position, record in enumerate(self.records):
            if record.seq != position or (last_ns is not None and record.at_ns < last_ns):
                raise HistoryError(
                    f"record {record.seq} at {record.at_ns} ns is at position {position} after {last_ns} ns:"
                    " a history is ordered by time and numbered from 0; History.ordered(...) does both"
                )
            last_ns = record.at_ns
            self._of_kind.setdefault(record.kind, []).append(record)
            self._of_node.setdefault((record.kind, record.node), []).append(record)

    @classmethod
    def ordered(cls, records: Iterable[Record]) -> History:
        """Sort by time, keep the order of arrival among equals, number anew."""
        in_order = sorted(records, key=lambda record: record.at_ns)
        return cls(Record(r.at_ns, seq, r.node, r.kind, r.fields) for seq, r in enumerate(in_order))

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, seq: int) -> Record:
        return self.records[seq]

    @property
    def end_ns(self) -> int:
        return self.records[-1].at_ns if self.records else 0

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self._of_kind)

    def of_kind(self, kind: str, *, node: str | None = None) -> list[Record]:
        return self._of_kind.get(kind, []) if node is None else self._of_node.get((kind, node), [])

    def where(self, kind: str, *, node: str | None = None, **fields: Any) -> list[Record]:
        """Records of a kind whose fields have these values."""
        found = self.of_kind(kind, node=node)
        for name, value in fields.items():
            found = [record for record in found if record.fields.get(name) == value]
        return found

    def last(self, kind: str, at_ns: int, *, node: str | None = None, **fields: Any) -> Record | None:
        """The newest such record up to and including `at_ns`."""
        found = self.of_kind(kind, node=node)
        for position in range(bisect_right(found, at_ns, key=_at_ns), 0, -1):
            record = found[position - 1]
            for name, value in fields.items():
                if record.fields.get(name) != value:
                    break
            else:
                return record
        return None

    def without(self, unwanted: Callable[[Record], bool]) -> History:
        """A blinded copy, numbered anew, for tests that checkers notice missing evidence."""
        return History.ordered(record for record in self.records if not unwanted(record))


TAIL_FILE = "records.jsonl"
"""In a run's `log/`: the records of a lab on real packets, as its processes write them."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all. An OSError names it, also on a full disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_history(path: Path, history: History) -> None:
    write_whole(path, b"".join(encode(record) + b"\n" for record in history))


def read_history(path: Path) -> History:
    """The history in a file. Raises HistoryError if the file is not a history."""
    records = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            records.append(decode(line))
        except HistoryError as error:
            raise HistoryError(f"{path}, line {number}: {error}") from None
    return History(records)


def record(at_ns: int, node: str, kind: str, fields: Mapping[str, Any]) -> Record:
    """A record made by hand that is not yet in a history; `History.ordered` numbers it."""
    return Record(at_ns, -1, node, kind, dict(fields))


def written(at_ns: int, node: str, entry: Entry) -> Record:
    """An entry of a node as a record that is not yet in a history; `History.ordered` numbers it."""
    return Record(at_ns, -1, node, kind_of(entry), fields_of(entry))
