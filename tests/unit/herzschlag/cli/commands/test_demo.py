"""The demo: real packets where they are available, else virtual time after three lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.backends import asking
from herzschlag.backends.base import Missing
from herzschlag.cli import runs
from herzschlag.cli.app import app
from herzschlag.fidelity import choosing
from herzschlag.running.machine_trial import Trial
from herzschlag.running.runner import RunRequest
from herzschlag.scenarios.from_toml import SITUATIONS

TUN = Missing("/dev/net/tun for this user", "sudo chmod 0666 /dev/net/tun")


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[RunRequest]:
    """What would be played."""
    found: list[RunRequest] = []

    def note(screen: object, requests: Sequence[RunRequest], jobs: int) -> int:
        assert jobs > 0
        found.extend(requests)
        return 0

    monkeypatch.setattr(runs, "play_and_tell", note)
    monkeypatch.setattr(choosing, "try_machine", lambda: Trial(late_s=0.04, work_s=0.01))
    return found


def lacks(monkeypatch: pytest.MonkeyPatch, *missing: Missing) -> None:
    monkeypatch.setattr(asking, "lacking", lambda: missing)


def test_without_packets_it_says_why_and_how_and_plays_in_virtual_time(
    monkeypatch: pytest.MonkeyPatch, played: list[RunRequest], tmp_path: Path
) -> None:
    lacks(monkeypatch, TUN)
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 0
    why, how, what = result.stdout.splitlines()
    assert why == "No real packets here: /dev/net/tun for this user is missing."
    assert how == "To get them: sudo chmod 0666 /dev/net/tun"
    assert "virtual time" in what
    assert [(one.scenario.name, one.backend) for one in played] == [(name, "simulation") for name in SITUATIONS]


def test_with_packets_it_measures_the_speed_unless_it_is_named(
    monkeypatch: pytest.MonkeyPatch, played: list[RunRequest], tmp_path: Path
) -> None:
    lacks(monkeypatch)
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert "keeps up with ... 2 (timers up to 40 ms late)" in result.stdout
    assert {(one.backend, one.speed) for one in played} == {("mininet", 2.0)}
    played.clear()
    assert CliRunner().invoke(app, ["demo", "--speed", "4", "--out", str(tmp_path)]).stdout == ""
    assert {one.speed for one in played} == {4.0}


def test_who_insists_on_packets_is_refused(
    monkeypatch: pytest.MonkeyPatch, played: list[RunRequest], tmp_path: Path
) -> None:
    lacks(monkeypatch, TUN)
    result = CliRunner().invoke(app, ["demo", "--backend", "mininet", "--out", str(tmp_path / "runs")])
    assert (result.exit_code, played, (tmp_path / "runs").exists()) == (4, [], False)
    assert "in virtual time: herzschlag demo" in result.stderr
