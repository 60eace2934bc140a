"""One run of a sweep in virtual time, from its cell to what it showed."""

from __future__ import annotations

import pytest

from bench.lines.play import Cell, play
from bench.lines.steps import BEGIN_S
from bench.lines.sweeps import SWEEPS


def test_a_perfect_line_shows_nothing_and_a_dead_one_everything_it_can() -> None:
    assert play(Cell("loss", "one network", 0.1, 0)).kinds == {}
    lost = play(Cell("one-way", "to a slave", 1.0, 0)).kinds
    assert lost["role"] == pytest.approx(10, abs=0.1)  # ten heartbeats missed
    assert "stopped" in lost


def test_a_run_repeats_exactly() -> None:
    cell = Cell("loss", "one network", 0.7, 3)
    assert play(cell) == play(cell)


@pytest.mark.parametrize(("pause_s", "replaced"), [(5, False), (40, True)])
def test_a_paused_master_is_replaced_when_it_sleeps_longer_than_an_election(pause_s: float, replaced: bool) -> None:
    seen = play(Cell("pause", "the master", pause_s, 0))
    assert (seen.replaced_after_s is not None) == replaced


def test_every_sweep_begins_after_the_cluster_is_ready() -> None:
    for sweep in SWEEPS.values():
        for make in sweep.series.values():
            assert make(sweep.values[0], 0).timeline()[0].at_s >= BEGIN_S
