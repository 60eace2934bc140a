"""The speed for `--speed auto`: measured by a benchmark, by a trial, or by what the machine has left."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.fidelity import choosing, kept
from herzschlag.fidelity.loads import Load, Tried
from herzschlag.running.machine_trial import USUAL_WORK_S, Trial


@pytest.fixture(autouse=True)
def of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def measure(*handled: tuple[float, int]) -> None:
    tried = tuple(
        Tried(load=Load(speed, labs), runs=10, runs_an_hour=500.0, late_ms=9.0, late_median_ms=4.0)
        for speed, labs in handled
    )
    kept.write(kept.Measured(machine=kept.here(), date="2026-05-01", tried=tried))


def idle(monkeypatch: pytest.MonkeyPatch, late_s: float = 0.001) -> None:
    monkeypatch.setattr(choosing, "try_machine", lambda: Trial(late_s=late_s, work_s=USUAL_WORK_S))


def test_a_trial_counts_where_nothing_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    idle(monkeypatch)
    assert choosing.choose(2) == (10.0, "timers up to 1 ms late")


def test_the_measured_speed_depends_on_the_number_of_labs(monkeypatch: pytest.MonkeyPatch) -> None:
    idle(monkeypatch)
    measure((12.0, 2), (10.0, 6))
    assert choosing.choose(1) == (12.0, "it can handle 1 lab at once then, measured on 2026-05-01")
    assert choosing.choose(4) == (10.0, "it can handle 4 labs at once then, measured on 2026-05-01")
    assert choosing.choose(8) == (10.0, "timers up to 1 ms late"), "nothing is known of so many"


def test_a_machine_that_is_busy_now_plays_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    idle(monkeypatch, late_s=0.04)
    measure((12.0, 2))
    assert choosing.choose(2) == (2.0, "busy now: timers up to 40 ms late")
