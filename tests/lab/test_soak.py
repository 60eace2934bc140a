"""`make soak` in short: a few runs, a few kills, nothing left. Its large lab: tests/simulation/test_large_lab.py."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from herzschlag.plugin.places import Place
from tests.support.soak import machine
from tests.support.soak.kills import Killed, add, kill, kills
from tests.support.soak.runs import Runs, play


@pytest.mark.packets(own_places=True)
@pytest.mark.takes(64)
def test_runs_in_a_row_and_killed_labs_leave_nothing(tmp_path: Path) -> None:
    """Every verdict is right or unknown, and the machine has no name of ours more than before."""
    before = machine.names()
    runs, killed = Runs(3), Killed(6)
    with Place.wait():
        play(runs, lambda _: None, seed=1, jobs=1, home=tmp_path, deadline_s=time.monotonic() + 300, batch=3)
        for one in kills(killed.wanted, seed=1):
            add(killed, kill(one, tmp_path))
    assert (runs.played, runs.wrong, runs.left) == (3, [], [])
    assert (killed.played, killed.wrong, killed.left) == (6, [], [])
    assert killed.hit
    assert machine.new(before, machine.names())[0] == []
    assert list(tmp_path.iterdir()) == []
