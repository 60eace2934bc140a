"""A schedule is played and judged, and a failure of ours is its trouble."""

from __future__ import annotations

import pytest

from herzschlag.exploration import playing
from herzschlag.faults import PowerOff
from herzschlag.scenarios.model import Cluster, Scenario, Step

SCENARIO = Scenario(
    name="one",
    title="One",
    cluster=Cluster(vms_per_host=1),
    steps=(Step(at_s=10.0, fault=PowerOff(host="host-98"), id="1 power-off", for_s=40.0),),
    settle_s=100.0,
)


def test_a_good_schedule_holds_and_ends_whole() -> None:
    played = playing.play(SCENARIO)
    assert (played.verdict, played.bad(), played.trouble) == ("holds", (), "")
    assert played.findings[-1].checker == "whole-again"


def test_our_own_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no queue")

    monkeypatch.setattr(playing, "open_session", fail)
    played = playing.play(SCENARIO)
    assert played.verdict == "unknown"
    assert "no queue" in played.trouble


def test_without_judging_the_history_is_the_same() -> None:
    history, trouble = playing.simulate(SCENARIO)
    assert not trouble
    assert list(history) == list(playing.play(SCENARIO).history)
