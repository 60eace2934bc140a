"""The command `bench fidelity`: its arguments, what it shows and keeps, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.backends import asking
from herzschlag.backends.base import Missing
from herzschlag.cli.app import app
from herzschlag.cli.commands import bench
from herzschlag.fidelity import kept
from herzschlag.fidelity.loads import Load, Tried
from herzschlag.fidelity.trying import Expected, Unplayable
from herzschlag.languages import speaking
from herzschlag.scenarios.from_toml import SITUATIONS, load
from herzschlag.scenarios.model import Scenario

SHORT = """
name = "mine"
title = "Mine"

[[steps]]
at_s = 2
fault = "power-off"
host = "host-98"

[[expect.instant]]
name = "it is seen"
record = { kind = "liveness", host = "host-98", phase = "watching" }
published_s = 1
"""


@pytest.fixture(autouse=True)
def of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "lacking", lambda: ())
    found = tuple(load(name) for name in SITUATIONS)
    monkeypatch.setattr(bench, "expected", lambda *_: Expected(found, dict.fromkeys(SITUATIONS, "holds")))


def handles(monkeypatch: pytest.MonkeyPatch, most: dict[float, int]) -> list[Load]:
    """A machine that can handle so many labs at each speed; at another one, none. Returns what is tried."""
    asked: list[Load] = []

    def attempt(one: Load, wish: Expected, folder: Path, told: Callable[[int], None]) -> Tried:
        assert folder.is_dir()
        asked.append(one)
        told(1)
        changed = () if one.labs <= most.get(one.speed, 0) else ("isolation unknown: a timer was late",)
        return Tried(load=one, runs=10, changed=changed, runs_an_hour=100.0 * one.labs, late_ms=9.4, late_median_ms=4.0)

    monkeypatch.setattr(bench, "attempt", attempt)
    return asked


def test_what_it_can_handle_is_shown_drawn_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handles(monkeypatch, {12.0: 2, 10.0: 4})
    result = CliRunner().invoke(app, ["bench", "fidelity", "--step", "2"])
    assert result.exit_code == 0, result.output
    said = result.stdout.splitlines()
    assert "5 scenarios" in said[0]
    assert "speed 12, 2 labs at once" in said[1] and "200 runs an hour; the latest timer 9 ms late" in said[1]
    assert "1 of 15 verdicts are not those of virtual time: isolation unknown" in said[3]
    assert "This machine plays 400 runs an hour: 4 labs at once, speed 10." in result.stdout
    measured = kept.read()
    assert measured is not None and measured.labs_at(10.0) == 4 and measured.speed_with(1) == 12.0
    assert [one.name for one in tmp_path.glob("runs/*/fidelity.*")]
    assert "<svg" in next(tmp_path.glob("runs/*/fidelity.svg")).read_text()


def test_a_machine_that_can_handle_nothing_is_unknown_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    handles(monkeypatch, {})
    result = CliRunner().invoke(app, ["bench", "fidelity"])
    assert result.exit_code == 3
    assert "can handle no lab at any speed" in result.stdout
    assert kept.read() is None


def test_as_json_there_is_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    handles(monkeypatch, {10.0: 1})
    result = CliRunner().invoke(app, ["bench", "fidelity", "--json", "--step", "1", "--speed", "10"])
    assert [one["load"] for one in json.loads(result.stdout)["tried"]] == [
        {"speed": 10.0, "labs": labs} for labs in (1, 2, 2, 1)
    ]


def test_only_named_speeds_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = handles(monkeypatch, dict.fromkeys((1.0, 5.0, 10.0, 12.0), 1))
    CliRunner().invoke(app, ["bench", "fidelity", "--step", "1", "--speed", "5", "--speed", "1", "--speed", "10"])
    assert list(dict.fromkeys(one.speed for one in asked)) == [10.0, 5.0, 1.0]


def test_scenarios_of_ones_own_are_played_at_speeds_that_they_allow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    played: list[str] = []

    def expected(scenarios: list[Scenario], folder: Path) -> Expected:
        played.extend(one.name for one in scenarios)
        return Expected(tuple(scenarios), {})

    monkeypatch.setattr(bench, "expected", expected)
    asked = handles(monkeypatch, dict.fromkeys((12.0, 10.0, 5.0, 2.0, 1.0), 1))
    mine = tmp_path / "mine.toml"
    mine.write_text(SHORT)
    result = CliRunner().invoke(
        app, ["bench", "fidelity", "--scenario", "normal", "--scenario", str(mine), "--step", "1"]
    )
    assert result.exit_code == 0, result.output
    assert played == ["normal", "mine"] and "2 scenarios" in result.stdout
    assert {one.speed for one in asked} == {2.0, 1.0}, "one second cannot be told from others at speed 5"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--speed", "auto"], "is not a number"),
        (["--speed", "fast"], "neither a number"),
        (["--speed", "100"], "choose 12 or less"),
        (["--time", "soon"], "a number and a unit"),
        (["--scenario", "normla"], "normal"),
        (["--step", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_words_are_refused(monkeypatch: pytest.MonkeyPatch, given: list[str], told: str) -> None:
    asked = handles(monkeypatch, {})
    result = CliRunner().invoke(app, ["bench", "fidelity", *given])
    assert result.exit_code == 2 and told in result.output
    assert asked == []


def test_a_machine_without_labs_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "lacking", lambda: (Missing("/dev/net/tun for this user", "sudo chmod 0666"),))
    result = CliRunner().invoke(app, ["bench", "fidelity"])
    assert result.exit_code == 4 and "/dev/net/tun" in result.output


def test_a_lab_that_does_not_come_up_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(*_: object) -> Tried:
        raise Unplayable("no memory")

    monkeypatch.setattr(bench, "attempt", attempt)
    result = CliRunner().invoke(app, ["bench", "fidelity"])
    assert result.exit_code == 4 and "no memory" in result.output
    assert kept.read() is None


def test_a_folder_of_state_that_cannot_be_written_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handles(monkeypatch, {10.0: 2, 12.0: 2})
    (tmp_path / "state").write_text("a file")
    result = CliRunner().invoke(app, ["bench", "fidelity", "--step", "2"])
    assert result.exit_code == 5 and "choose another place" in result.output


def test_in_german(monkeypatch: pytest.MonkeyPatch) -> None:
    handles(monkeypatch, {12.0: 2, 10.0: 2})
    with speaking("de"):
        result = CliRunner().invoke(app, ["bench", "fidelity", "--step", "2", "--lang", "de"])
    assert "Dieser Rechner spielt 200 Läufe in der Stunde: 2 Labore zugleich, Tempo" in result.stdout
