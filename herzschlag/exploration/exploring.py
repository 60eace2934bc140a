"""Exploring for a while: batches of schedules, one after the other or in several processes, and what they add up to.

This module decides what is tried next (what was seen least, by `coverage.py`), when it ends, and what is kept for the
next time: counts of everything seen, and the schedule that reached each situation first. It leaves drawing and
shortening to `searching.py`, what is shown to the command.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Protocol

import msgspec

from herzschlag.compiled import serving
from herzschlag.exploration import coverage
from herzschlag.exploration.searching import Batch, Order, Violation, replay, search
from herzschlag.history.records import write_whole
from herzschlag.scenarios.from_toml import ScenarioError, load
from herzschlag.scenarios.model import Profile, Scenario

EXAMPLES = 15
"""Schedules of a batch: a second or two, so that what was seen soon guides what follows, and a short search meets
every kind of fault. With forty a search of eight seconds met 16 to 19 of 30 kinds, with fifteen 29."""
KINDS_AT_ONCE = 6
LOOK_S = 0.5
REPLAYED_SHARE = 0.2
"""Of the time, at most, for schedules that earlier searches kept."""
COUNTS_FILE = "seen.json"
SCHEDULES_FOLDER = "schedules"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What to explore, and for how long."""

    kinds: tuple[str, ...]
    hosts: tuple[int, int] = (3, 8)
    faults: tuple[int, int] = (1, 6)
    for_s: float = 600.0
    seed: int = 0
    jobs: int = 1
    profile: Profile = "vsphere-5.1"


class Corpus:
    """What earlier searches saw, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.counts: Counter[str] = Counter()
        self.plays = 0

    def read(self) -> None:
        """Raises OSError, or ValueError for a file that is not ours."""
        file = self._folder / COUNTS_FILE
        if file.exists():
            told = msgspec.json.decode(file.read_bytes(), type=dict[str, int])
            self.plays = told.pop("plays", 0)
            self.counts = Counter(told)

    def add(self, batch: Batch) -> None:
        """Count what a batch saw, and keep the schedules that reached a situation first."""
        self.plays += batch.plays
        new = [(name, text) for name, text in batch.fresh if name not in self.counts]
        self.counts.update(batch.features)
        folder = self._folder / SCHEDULES_FOLDER
        for name, text in new:
            if name.startswith(coverage.SITUATION):
                folder.mkdir(parents=True, exist_ok=True)
                write_whole(folder / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.toml", text.encode())

    def kept(self) -> Iterator[Scenario]:
        """The schedules that reached a situation first; without those that this version cannot read any more."""
        for file in sorted((self._folder / SCHEDULES_FOLDER).glob("*.toml")):
            with contextlib.suppress(ScenarioError, OSError):
                yield load(str(file))

    def write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        document = {"plays": self.plays, **dict(sorted(self.counts.items()))}
        write_whole(self._folder / COUNTS_FILE, msgspec.json.format(msgspec.json.encode(document), indent=1))


class Pool(Protocol):
    """Where several batches are searched at once."""

    def room(self) -> int:
        """How many."""

    def submit(self, order: Order) -> Future[Batch]: ...

    def look(self) -> None:
        """Called now and then while nothing comes back; raises when nothing will."""


class Progress(msgspec.Struct):
    """How far an exploration is."""

    plays: int = 0
    took_s: float = 0.0
    new_situations: int = 0
    violations: list[Violation] = []
    replayed: int = 0
    """Of the plays, schedules that an earlier search had kept."""


def explore(wish: Wish, corpus: Corpus, shown: Callable[[Progress], None], pool: Pool | None = None) -> Progress:
    """Search until the time is over, in `pool`, or in processes of this machine. `shown` is called after each batch,
    and may raise KeyboardInterrupt. Raises what the pool raises."""
    began_s = time.monotonic()
    progress = Progress(violations=[])
    again = replay(corpus.kept(), began_s + REPLAYED_SHARE * wish.for_s)
    progress.plays = progress.replayed = again.plays
    progress.violations += again.violations
    for batch in _batches(wish, _orders(wish, corpus, progress, began_s), pool):
        before = coverage.situations(corpus.counts)
        corpus.add(batch)
        progress.plays += batch.plays
        progress.took_s = time.monotonic() - began_s
        progress.new_situations += coverage.situations(corpus.counts) - before
        known = {violation.signature for violation in progress.violations}
        progress.violations += [violation for violation in batch.violations if violation.signature not in known]
        shown(progress)
    return progress


def _orders(wish: Wish, corpus: Corpus, progress: Progress, began_s: float) -> Iterator[Order]:
    generator = random.Random(wish.seed)
    while (left_s := began_s + wish.for_s - time.monotonic()) > 0:
        yield Order(
            number=generator.randrange(1 << 32),
            examples=EXAMPLES,
            kinds=tuple(coverage.least_seen(corpus.counts, wish.kinds, KINDS_AT_ONCE, generator)),
            allowed=wish.kinds,
            hosts=wish.hosts,
            faults=wish.faults,
            profile=wish.profile,
            known=frozenset(violation.signature for violation in progress.violations),
            for_s=left_s,
        )


def _batches(wish: Wish, orders: Iterator[Order], pool: Pool | None) -> Iterator[Batch]:
    if pool is not None:
        yield from _in(pool, orders)
    elif wish.jobs == 1:
        yield from map(search, orders)
    else:
        with _Processes(wish.jobs) as processes:
            yield from _in(processes, orders)


def _in(pool: Pool, orders: Iterator[Order]) -> Iterator[Batch]:
    under_way: set[Future[Batch]] = set()
    for order in orders:
        under_way.add(pool.submit(order))
        if len(under_way) >= pool.room():
            done, under_way = _done(under_way, pool)
            yield from _results(done)
    while under_way:
        done, under_way = _done(under_way, pool)
        yield from _results(done)


def _done(under_way: set[Future[Batch]], pool: Pool) -> tuple[set[Future[Batch]], set[Future[Batch]]]:
    """Those that have ended, at least one, and the others."""
    while True:
        done, others = wait(under_way, timeout=LOOK_S, return_when=FIRST_COMPLETED)
        if done:
            return done, others
        pool.look()


def _results(done: set[Future[Batch]]) -> Sequence[Batch]:
    return [future.result() for future in done]


class _Processes:
    """A pool of this machine: processes of their own, not forks, as Hypothesis and the cores begin anew in each."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=serving.use)

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=kind is not None)

    def room(self) -> int:
        return self._jobs

    def submit(self, order: Order) -> Future[Batch]:
        return self._pool.submit(search, order)

    def look(self) -> None:
        """A process that ended ends its batch with an error."""
