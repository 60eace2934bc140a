"""The option for the highest speed: measured once, and of labs on real packets alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from herzschlag.fidelity import choosing
from herzschlag.plugin import speed
from herzschlag.running.machine_trial import Trial


def config(told: object) -> Any:
    option = SimpleNamespace(herzschlag_speed=told)
    return SimpleNamespace(option=option, getoption=lambda name: option.herzschlag_speed)


def test_a_number_is_the_most_on_real_packets() -> None:
    given = config("4")
    assert speed.settle(given) == "herzschlag: labs at most at speed 4"
    assert [speed.at_most(given, "mininet", wanted) for wanted in (1.0, 10.0)] == [1.0, 4.0]
    assert speed.at_most(given, "simulation", 10.0) == 10.0
    assert speed.at_most(config(None), "mininet", 10.0) == 10.0


def test_workers_find_the_measured_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "try_machine", lambda: Trial(late_s=0.04, work_s=0.01))
    given = config("auto")
    assert speed.settle(given) == "herzschlag: labs at most at speed 2: timers up to 40 ms late"
    monkeypatch.setattr(choosing, "try_machine", None)
    assert speed.settle(config(given.option.herzschlag_speed)).endswith("speed 2")


@pytest.mark.parametrize("told", ["fast", "0", "-1", "nan"])
def test_anything_else_is_a_wrong_use(told: str) -> None:
    with pytest.raises(pytest.UsageError, match="--herzschlag-speed"):
        speed.settle(config(told))
