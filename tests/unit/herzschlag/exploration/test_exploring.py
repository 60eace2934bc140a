"""Batches add up, are guided by what was seen, and what they saw is kept."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path

import pytest

from herzschlag.exploration import exploring
from herzschlag.exploration.exploring import Corpus, Wish, explore
from herzschlag.exploration.searching import Batch, Order, Violation
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.to_toml import as_toml
from tests.unit.herzschlag.exploration.test_playing import SCENARIO

SITUATION = "fault power-off / slave / calm"
FOUND = Violation("rule violated", SCENARIO, "because")


def test_batches_add_up_until_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Order] = []

    def search(order: Order) -> Batch:
        orders.append(order)
        return Batch(10, {SITUATION: 2}, ((SITUATION, "name = 'a'"),), (FOUND,))

    clock = iter(range(1000))
    monkeypatch.setattr(exploring, "search", search)
    monkeypatch.setattr("herzschlag.exploration.exploring.time.monotonic", lambda: float(next(clock)))
    corpus, shown = Corpus(tmp_path / "explored"), []
    progress = explore(Wish(kinds=("power-off", "isolate"), for_s=7.0), corpus, lambda p: shown.append(p.plays))
    assert progress.plays == 10 * len(orders) == shown[-1]
    assert progress.new_situations == 1
    assert [violation.signature for violation in progress.violations] == ["rule violated"]
    assert orders[-1].known == {"rule violated"}
    corpus.write()
    again = Corpus(tmp_path / "explored")
    again.read()
    assert again.counts[SITUATION] == 2 * len(orders)
    assert again.plays == progress.plays
    assert len(list((tmp_path / "explored/schedules").glob("*.toml"))) == 1


def test_what_earlier_searches_kept_is_played_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus(tmp_path / "explored")
    corpus.add(Batch(1, {SITUATION: 1}, ((SITUATION, as_toml(SCENARIO)),), ()))
    (tmp_path / "explored/schedules/old.toml").write_text("of another version = 1")
    played: list[str] = []

    def replay(scenarios: Iterable[Scenario], until_s: float) -> Batch:
        played.extend(scenario.name for scenario in scenarios)
        return Batch(len(played), {}, (), (FOUND,))

    monkeypatch.setattr(exploring, "replay", replay)
    monkeypatch.setattr(exploring, "search", lambda order: Batch(0, {}, (), ()))
    progress = explore(Wish(kinds=("power-off",), for_s=0.0), corpus, lambda p: None)
    assert played == [SCENARIO.name]
    assert (progress.plays, progress.replayed, progress.violations) == (1, 1, [FOUND])


def test_a_corpus_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text("[1]")
    with pytest.raises(ValueError, match="array"):
        Corpus(tmp_path).read()


class Elsewhere:
    """A pool whose batches come back when it is looked at, the newest first."""

    def __init__(self, room: int, looks: int) -> None:
        self.most = 0
        self._room = room
        self._looks = looks
        self._open: list[Future[Batch]] = []

    def room(self) -> int:
        return self._room

    def submit(self, order: Order) -> Future[Batch]:
        self._open.append(Future())
        self.most = max(self.most, len(self._open))
        return self._open[-1]

    def look(self) -> None:
        self._looks -= 1
        if self._looks < 0:
            raise ConnectionError("the scheduler is gone")
        self._open.pop().set_result(Batch(10, {SITUATION: 1}, (), ()))


def test_a_pool_gets_as_many_batches_as_it_has_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(exploring, "LOOK_S", 0.0)
    monkeypatch.setattr("herzschlag.exploration.exploring.time.monotonic", lambda: float(next(clock)))
    pool = Elsewhere(room=3, looks=100)
    progress = explore(Wish(kinds=("power-off",), for_s=20.0), Corpus(tmp_path), lambda p: None, pool)
    assert pool.most == 3
    assert progress.plays >= 50 and progress.plays % 10 == 0, "what is under way when the time is over counts as well"


def test_a_pool_that_breaks_ends_the_search_and_what_came_back_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "LOOK_S", 0.0)
    corpus = Corpus(tmp_path)
    with pytest.raises(ConnectionError):
        explore(Wish(kinds=("power-off",), for_s=600.0), corpus, lambda p: None, Elsewhere(room=2, looks=4))
    assert corpus.plays == 40
