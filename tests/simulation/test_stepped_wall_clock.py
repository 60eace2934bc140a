"""A wall clock that leaps by hours while a run goes on: the same records and the same verdict."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from herzschlag.history.records import Record, read_history
from herzschlag.running.run_file import HISTORY_FILE
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load

HOUR_S = 3600.0


def played(directory: Path) -> tuple[str, list[Record]]:
    request = RunRequest(scenario=load("isolation"), backend="simulation", speed=10.0, seed=3, directory=directory)
    return run(request).verdict, list(read_history(directory / HISTORY_FILE))


def test_a_stepped_wall_clock_changes_no_record_and_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    still = played(tmp_path / "still")
    began_s, steps = time.time(), itertools.cycle((0.0, HOUR_S, -HOUR_S, 1e9, -1e9))
    for name, scale in (("time", 1), ("time_ns", 1_000_000_000)):
        monkeypatch.setattr(time, name, lambda scale=scale: type(scale)((began_s + next(steps)) * scale))
    assert time.time() != time.time()
    stepped = played(tmp_path / "stepped")
    assert still[0] == "holds"
    assert stepped == still
