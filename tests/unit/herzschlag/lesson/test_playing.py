"""Runs for a lesson: played once, with every packet of the simulated network and its fate."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from herzschlag.lesson.playing import NothingToShow, Runs, read
from herzschlag.running.run_file import write_report
from herzschlag.scenarios.from_toml import ScenarioError
from tests.support.lessons import DIES, a_run


def test_a_run_is_played_once() -> None:
    runs = Runs("simulation")
    assert not runs.ready(DIES)
    first = runs.of(DIES)
    assert runs.ready(DIES)
    assert runs.of(DIES) is first
    assert first.file.verdict == "holds"


def test_packets_to_a_host_without_power_never_arrive_and_others_do() -> None:
    played = a_run()
    after = [one for one in played.packets if played.model.seconds(one.sent_ns) > 0]
    assert {one.arrived_ns is None for one in after if one.destination == "host-99"} == {True}
    assert {one.arrived_ns is None for one in after if (one.destination, one.kind) == ("gateway", "Ping")} == {False}
    before = [one for one in played.packets if -3 < played.model.seconds(one.sent_ns) < -1]
    assert all(one.arrived_ns is not None for one in before)
    assert any(one.kind == "Heartbeat" and one.destination == "host-99" for one in before)


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(ScenarioError):
        Runs("simulation").of("no-such-scenario")


def test_a_run_without_an_end_is_nothing_to_show(tmp_path: Path) -> None:
    file = msgspec.structs.replace(a_run().file, status="unavailable", because="no Open vSwitch")
    write_report(file, tmp_path)
    with pytest.raises(NothingToShow, match="no Open vSwitch"):
        read(DIES, tmp_path)


def test_a_lesson_that_ends_starts_no_lab() -> None:
    runs = Runs("mininet")
    runs.close()
    with pytest.raises(NothingToShow, match="ends"):
        runs.of(DIES)
