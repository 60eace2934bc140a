"""A slow machine gets a slower run."""

import pytest

from herzschlag.checkers.pace import tolerance_s
from herzschlag.running.machine_trial import SPEEDS, USUAL_WORK_S, Trial, reason, speed_for, try_machine


@pytest.mark.parametrize(
    ("late_ms", "slower", "speed"),
    [
        (2, 1, 10),
        (2, 4, 10),
        (2, 6, 5),
        (2, 15, 2),
        (2, 100, 1),
        (24, 1, 10),
        (29, 1, 5),
        (45, 1, 2),
        (70, 1, 1),
        (9000, 1, 1),
    ],
)
def test_the_speed_follows_from_timers_and_processor(late_ms: float, slower: float, speed: float) -> None:
    assert speed_for(Trial(late_ms / 1000, slower * USUAL_WORK_S)) == speed


def test_idle_timers_leave_half_of_what_a_verdict_bears() -> None:
    for speed in SPEEDS[:-1]:
        borne_s = tolerance_s(speed) / speed
        assert speed_for(Trial(0.49 * borne_s, USUAL_WORK_S)) >= speed
        assert speed_for(Trial(0.51 * borne_s, USUAL_WORK_S)) < speed


def test_the_reason_names_what_is_slow() -> None:
    assert reason(Trial(0.003, USUAL_WORK_S)) == "timers up to 3 ms late"
    assert "15 times slower" in reason(Trial(0.003, 15 * USUAL_WORK_S))


def test_a_trial_measures_something(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("herzschlag.running.machine_trial.time.monotonic", lambda: next(clock) / 10)
    monkeypatch.setattr("herzschlag.running.machine_trial.time.sleep", lambda seconds: None)
    trial = try_machine()
    assert trial.late_s == pytest.approx(0.098)
    assert trial.work_s > 0
