"""What came of a long benchmark, kept one by one while it is played in parts: the next call goes on with the rest.

This module decides what still counts: what was tried under the same sources and bounds. Everything is in one file of
build/, a line for each; the first names the sources and bounds, and what was kept under others is dropped.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from bench.evidence import runs
from herzschlag.history.records import write_whole

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("agents", "herzschlag", "tests/planted", "topo", "bench/explore.py", "bench/mutants/trying.py")
"""What decides what comes of a run in virtual time: of folders the Python files and the scenarios."""
ENDINGS = (".py", ".toml")

T = TypeVar("T", bound=msgspec.Struct)
K = TypeVar("K")
V = TypeVar("V")


class Head(msgspec.Struct, frozen=True):
    """The first line: what all others are about."""

    sources: str
    bounds: str


class Entry(msgspec.Struct, frozen=True):
    """Another line."""

    key: str
    date: str
    told: msgspec.Raw


def sources(root: Path = ROOT) -> str:
    """A name of everything that decides what comes of a run: the same as long as no file of it changes."""
    found = hashlib.sha256()
    for name in SOURCES:
        below = (file for file in (root / name).rglob("*") if file.suffix in ENDINGS)
        for file in sorted(below) if (root / name).is_dir() else [root / name]:
            found.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return found.hexdigest()[:16]


class Parts(Generic[T]):
    """What is kept in one file, by a name for each."""

    def __init__(self, file: Path, bounds: str, kind: type[T], *, under: str | None = None) -> None:
        """`under`: the sources; by default those of this checkout. Raises OSError, or msgspec.MsgspecError for a file
        that is not one of ours."""
        self._file = file
        self._head = Head(under or sources(), bounds)
        self._kind = kind
        self._lines: list[bytes] = [msgspec.json.encode(self._head)]
        self.found: dict[str, T] = {}
        self.dates: dict[str, str] = {}
        for line in self._kept():
            self._take(line)

    def _kept(self) -> list[bytes]:
        lines = self._file.read_bytes().splitlines() if self._file.exists() else []
        same = bool(lines) and msgspec.json.decode(lines[0], type=Head) == self._head
        return lines[1:] if same else []

    def _take(self, line: bytes) -> None:
        entry = msgspec.json.decode(line, type=Entry)
        self.found[entry.key] = msgspec.json.decode(entry.told, type=self._kind)
        self.dates[entry.key] = entry.date
        self._lines.append(line)

    def add(self, key: str, told: T) -> None:
        entry = Entry(key, runs.today(), msgspec.Raw(msgspec.json.encode(told)))
        self._take(msgspec.json.encode(entry))
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, b"\n".join([*self._lines, b""]))

    def when(self) -> str:
        """The day on which all of it was tried, or the first and the last."""
        days = sorted(set(self.dates.values()))
        return " to ".join(days if len(days) < 2 else (days[0], days[-1]))


def ended(
    pool: Executor, jobs: int, work: Callable[[K], V], items: Iterable[K], until_s: float
) -> Iterator[tuple[K, V]]:
    """Each with what came of it, as it ends; none begins after `until_s` (monotonic clock)."""
    under_way: dict[Future[V], K] = {}
    left = iter(items)
    while True:
        while len(under_way) < jobs and time.monotonic() < until_s and (item := next(left, None)) is not None:
            under_way[pool.submit(work, item)] = item
        if not under_way:
            return
        for one in wait(under_way, return_when=FIRST_COMPLETED).done:
            yield under_way.pop(one), one.result()
