"""The command `compare`: two runs by name, a sentence at the end, and no column that says nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.compare import cli
from herzschlag.languages import speaking
from herzschlag.running.run_file import new_folder
from tests.support.reports import simulated


def call(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["compare", *words])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one scenario and one of another, the newest last."""
    base = tmp_path_factory.mktemp("project")
    for name in ("normal", "partition", "partition"):
        simulated(name, new_folder(base / "runs") / name)
    return base


@pytest.fixture(autouse=True)
def here(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base)


def test_without_arguments_the_last_run_and_the_one_before_it_of_its_scenario() -> None:
    status, out, _ = call()
    assert status == 0 == call("partition")[0]
    sides = [line.split()[-1] for line in out.splitlines()[:2]]
    begun = [Path(side).parent.stat().st_ctime_ns for side in sides]
    assert begun == sorted(begun) and all(side.endswith("/partition") for side in sides)
    assert "the same: " in out and "changes in the same order in both runs" in out
    assert "speed" not in out, "in virtual time it changes nothing"


def test_without_differences_there_is_no_empty_table() -> None:
    _, out, _ = call("--differences")
    assert len(out.splitlines()) == 3
    assert len(call("-q")[1].splitlines()) == 1


def test_runs_of_different_scenarios_are_said_to_be_that() -> None:
    status, out, _ = call("normal", "partition")
    assert status == 1
    assert "These are runs of different scenarios, normal and partition." in out
    assert "first difference: only the right run: " in out


def test_two_runs_in_which_nothing_happened_are_told_as_that(base: Path) -> None:
    """The scenario of healthy hosts changes nothing after the cluster is ready."""
    simulated("normal", new_folder(base / "other") / "normal")
    (other,) = base.glob("other/[0-9]*/normal")
    status, out, _ = call("normal", str(other))
    assert status == 0 and "no role, opinion or VM changed in either run" in out


def test_one_json_document() -> None:
    status, out, _ = call("normal", "partition", "--json")
    found = json.loads(out)
    assert status == 1 and found["same"] is False and found["because"].startswith("only the right run: ")
    assert (found["left"]["scenario"], found["right"]["backend"]) == ("normal", "simulation")
    assert found["changes"][0]["left"] is None and found["changes"][0]["right"]["to"]


def test_a_table_fits_80_columns_and_cuts_no_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_out", Console(highlight=False, width=80, force_terminal=True, color_system=None))
    with pytest.raises(SystemExit):
        app(["compare", "normal", "partition"])
    lines = capsys.readouterr().out.splitlines()
    table = [line for line in lines if " T+" in line]
    assert table and max(map(len, table)) <= 80
    assert "…" not in "\n".join(lines)


def test_without_another_run_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "holds no run yet" in call()[2]
    simulated("normal", new_folder(tmp_path / "runs") / "normal")
    status, _, told = call()
    assert status == 2 and "there is no other run of 'normal'" in told


def test_in_german_every_word_is_but_json_stays() -> None:
    runs = [line.split()[-1] for line in call()[1].splitlines()[:2]]
    other = call("normal", runs[0], "--json")[1]
    with speaking("de"):
        german = call("normal", runs[0])[1]
        assert json.loads(call("normal", runs[0], "--json")[1]) == json.loads(other)
    assert "Das sind Läufe verschiedener Szenarien" in german and "erster Unterschied: " in german
    for left in ("left", "right", "first", " is ", " sees ", "holds", "apart"):
        assert left not in german
