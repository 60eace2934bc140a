"""Batches add up, are guided by what was seen, and what they saw is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.exploration import exploring
from herzschlag.exploration.exploring import Corpus, Wish, explore
from herzschlag.exploration.searching import Batch, Order, Violation
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


def test_a_corpus_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text("[1]")
    with pytest.raises(ValueError, match="array"):
        Corpus(tmp_path).read()
