"""The loop that drives a core: what is read first, when a core is woken, what is recorded about lateness and
refusals."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from herzschlag.agents.processes import record_file
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.loop import EARLY_NS, Chore, Loop
from herzschlag.agents.processes.record_file import Drops, Lateness, RecordFile
from herzschlag.agents.records import Election

MS = 1_000_000
SECOND = 1_000 * MS
WAKE = "wake"


class Machine:
    """A clock that moves when a test says so, in place of the machine's."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * SECOND

    def monotonic_ns(self) -> int:
        return self.now_ns


class Notebook:
    """A core that notes each event with its time, and answers with the actions that a test prepared."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, int]] = []
        self.wake_ns: int | None = None
        self.answers: dict[Any, list[Any]] = {}

    def handle(self, event: Any, now_ns: int) -> list[Any]:
        self.told.append((event, now_ns))
        if event == WAKE:
            self.wake_ns = None
        return self.answers.get(event, [])

    def wake_at_ns(self) -> int | None:
        return self.wake_ns

    @property
    def events(self) -> list[Any]:
        return [event for event, _ in self.told]


class Bench:
    def __init__(self, path: Path, machine: Machine) -> None:
        self.path = path
        self.machine = machine
        self.core = Notebook()
        self.recorder = RecordFile(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "host-98")
        self.done: list[Any] = []
        self.loop = Loop(self.core, WAKE, self._perform, self.recorder, "agent")

    def _perform(self, action: Any, now_ns: int) -> None:
        self.done.append(action)
        if isinstance(action, tuple):
            self.loop.feed(action[0], now_ns)

    def records(self, kind: str) -> list[dict[str, Any]]:
        lines = map(json.loads, self.path.read_text().splitlines())
        return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    machine = Machine()
    monkeypatch.setattr(time, "monotonic_ns", machine.monotonic_ns)
    made = Bench(tmp_path / "records.jsonl", machine)
    yield made
    os.close(made.recorder.descriptor)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_what_has_arrived_is_read_before_the_timer_is_looked_at(
    bench: Bench, pair: tuple[socket.socket, socket.socket]
) -> None:
    """A process that was kept waiting must not conclude silence from packets that it has not read yet."""
    mine, theirs = pair
    bench.loop.watch(mine.fileno(), lambda: bench.loop.feed(mine.recv(10)))
    bench.core.wake_ns = bench.machine.now_ns - SECOND
    theirs.send(b"heard")
    bench.loop.turn(0)
    assert bench.core.events == [b"heard", WAKE]


def test_a_core_is_not_woken_before_its_time(bench: Bench) -> None:
    due_ns = bench.core.wake_ns = bench.machine.now_ns + 5 * MS
    bench.loop.turn(0)
    assert bench.core.told == []
    bench.machine.now_ns = due_ns
    bench.loop.turn(0)
    assert bench.core.told == [(WAKE, due_ns)]


def test_a_timer_that_fires_a_hair_early_counts_as_on_time(bench: Bench) -> None:
    """The core is told its deadline: told an instant before it, it would ask to be woken again at once."""
    due_ns = bench.core.wake_ns = bench.machine.now_ns + 5 * MS
    bench.machine.now_ns = due_ns - EARLY_NS
    bench.loop.turn(0)
    assert bench.core.told == [(WAKE, due_ns)]


def test_an_event_fed_meanwhile_waits_until_all_actions_are_done(bench: Bench) -> None:
    bench.core.answers = {"first": [("second",), "behind"]}
    bench.loop.feed("first")
    assert bench.core.events == ["first", "second"]
    assert bench.done == [("second",), "behind"]


def test_a_core_never_sees_its_clock_go_back(bench: Bench) -> None:
    now_ns = bench.machine.now_ns
    bench.loop.feed("later", now_ns + 3 * MS)
    bench.loop.feed("read before, told after", now_ns)
    assert [at_ns for _, at_ns in bench.core.told] == [now_ns + 3 * MS] * 2


def test_a_clock_that_leaps_over_a_deadline_makes_it_due_now_and_not_late(bench: Bench) -> None:
    """Otherwise a clock that is set would look like a machine that was busy."""
    bench.core.wake_ns = bench.machine.now_ns + 60 * SECOND
    bench.loop.set_clock(3600 * SECOND)
    bench.loop.turn(0)
    assert bench.core.events == [WAKE]
    bench.machine.now_ns += SECOND
    bench.core.wake_ns = bench.core.told[-1][1] + SECOND
    bench.loop.turn(0)
    assert [record["max_ns"] for record in bench.records("lateness")] == [0]


def test_a_descriptor_that_is_let_go_by_a_reader_before_it_is_not_read(
    bench: Bench, pair: tuple[socket.socket, socket.socket]
) -> None:
    """Its number may be another's by then."""
    read: list[str] = []
    one, other = pair

    def reader(name: str, victim: socket.socket) -> None:
        read.append(name)
        bench.loop.unwatch(victim.fileno())

    bench.loop.watch(one.fileno(), lambda: reader("one", other))
    bench.loop.watch(other.fileno(), lambda: reader("other", one))
    one.send(b"x")
    other.send(b"x")
    bench.loop.turn(0)
    assert len(read) == 1


def test_the_other_ends_last_words_come_before_its_end(bench: Bench, pair: tuple[socket.socket, socket.socket]) -> None:
    heard: list[Any] = []
    decoder = msgspec.msgpack.Decoder(str)
    mine, theirs = Channel(pair[0], decoder), Channel(pair[1], decoder)
    bench.loop.join(mine, heard.append, lambda: heard.append(None))
    theirs.send("last words")
    theirs.close()
    for _ in range(3):
        bench.loop.turn(0)
    assert heard == ["last words", None]


def test_what_could_not_be_sent_at_once_goes_out_later(bench: Bench, pair: tuple[socket.socket, socket.socket]) -> None:
    decoder = msgspec.msgpack.Decoder(bytes)
    mine, theirs = Channel(pair[0], decoder), Channel(pair[1], decoder)
    bench.loop.join(mine, lambda _: None, lambda: None)
    mine.send(bytes(3_000_000))
    assert mine.waiting
    got: list[Any] = []
    for _ in range(1_000):
        got += theirs.receive()[0]
        if got:
            break
        bench.loop.turn(0)
    assert got == [bytes(3_000_000)]
    assert not mine.waiting


def test_a_chore_is_done_at_its_interval_and_only_while_wanted(bench: Bench) -> None:
    done: list[int] = []
    wanted = [True]
    bench.loop.add(Chore(10 * MS, lambda: wanted[0], lambda: done.append(bench.machine.now_ns)))
    began_ns = bench.machine.now_ns
    for _ in range(25):
        bench.loop.turn(0)
        bench.machine.now_ns += MS
    wanted[0] = False
    bench.machine.now_ns += SECOND
    bench.loop.turn(0)
    assert [(at_ns - began_ns) // MS for at_ns in done] == [0, 10, 20]


def test_a_loop_ends_when_it_is_stopped(bench: Bench) -> None:
    bench.core.wake_ns = bench.machine.now_ns
    bench.core.answers = {WAKE: ["stop"]}
    bench.loop.add(Chore(0, lambda: bool(bench.done), bench.loop.stop))
    bench.loop.run()
    assert bench.core.events == [WAKE]


# --- lateness and refusals --------------------------------------------------------------------------------------------


def test_a_timer_later_than_all_before_is_told_at_once(bench: Bench) -> None:
    """What a process has not recorded is lost when it is killed."""
    lateness = Lateness(bench.recorder, "agent")
    now_ns = bench.machine.now_ns
    lateness.fired(record_file.LATENESS_NOTABLE_NS, now_ns)
    assert bench.records("lateness") == []
    lateness.fired(record_file.LATENESS_NOTABLE_NS + 1, now_ns)
    (told,) = bench.records("lateness")
    assert (told["process"], told["max_ns"], told["count"]) == ("agent", record_file.LATENESS_NOTABLE_NS + 1, 2)
    lateness.fired(record_file.LATENESS_NOTABLE_NS + 1, now_ns)
    assert len(bench.records("lateness")) == 1


def test_a_punctual_process_says_so_soon_and_then_now_and_then(bench: Bench) -> None:
    """A run at a high speed may be over in a second, and a process that says nothing proves nothing."""
    lateness = Lateness(bench.recorder, "agent")
    began_ns = bench.machine.now_ns
    for _ in range(5 * 20):
        bench.machine.now_ns += 50 * MS
        lateness.fired(1_000, bench.machine.now_ns)
    told = [record["at_ns"] - began_ns for record in bench.records("lateness")]
    assert told == [record_file.LATENESS_FIRST_NS + n * record_file.LATENESS_REPORT_NS for n in range(3)]


def test_many_refusals_are_few_records_that_count_them_all(bench: Bench) -> None:
    drops = Drops(bench.recorder)
    for _ in range(1_000):
        bench.machine.now_ns += 3 * MS
        drops.count("in", "A", "tag", "its tag is wrong", bench.machine.now_ns)
    drops.count("in", "B", "tag", "its tag is wrong", bench.machine.now_ns)
    assert drops.totals == {("in", "A", "tag"): 1_000, ("in", "B", "tag"): 1}
    on_a, on_b = ([r for r in bench.records("undelivered") if r["network"] == network] for network in "AB")
    assert [record["count"] for record in on_b] == [1]
    assert len(on_a) == 3
    assert sum(record["count"] for record in on_a) == on_a[-1]["total"]


def test_what_was_not_told_yet_is_told_when_nothing_more_is_refused(bench: Bench) -> None:
    """A flood that ends within a second would otherwise look like one datagram."""
    drops = Drops(bench.recorder)
    for _ in range(7):
        drops.count("in", "A", "tag", "its tag is wrong", bench.machine.now_ns)
    assert drops.waiting()
    drops.tell_all()
    assert not drops.waiting()
    assert [(r["count"], r["total"]) for r in bench.records("undelivered")] == [(1, 1), (6, 7)]


def test_half_a_record_is_an_error_and_never_silent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda _, data: len(data) // 2)
    with pytest.raises(OSError, match="bytes of a record were written: is the disk full"):
        bench.recorder.write(1, Election(phase="won", because="a test"))
