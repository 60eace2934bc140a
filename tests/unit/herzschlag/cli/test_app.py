"""The command line: exit statuses, one JSON document, one clear message for wrong input, nothing started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.scenarios.from_toml import shipped

runner = CliRunner()


def run(*arguments: str, out: Path) -> tuple[int, str, str]:
    result = runner.invoke(app, ["run", *arguments, "--out", str(out), "--backend", "simulation"])
    return result.exit_code, result.stdout, result.stderr


def test_json_is_one_document_and_nothing_else(tmp_path: Path) -> None:
    status, stdout, _ = run("slave-failure", "--json", out=tmp_path)
    document = json.loads(stdout)
    assert status == 0
    assert document["verdict"] == "holds"
    (only,) = document["runs"]
    assert {"scenario", "backend", "speed", "seed", "verdict", "directory", "findings", "instants"} <= set(only)
    assert {"name", "published_s", "measured_s", "deviation_s"} <= set(only["instants"][0])
    assert Path(only["directory"], "run.json").is_file()


def test_the_table_shows_published_against_measured(tmp_path: Path) -> None:
    status, stdout, _ = run("slave-failure", out=tmp_path)
    assert status == 0
    assert "published" in stdout
    assert "slave declared dead" in stdout


def test_a_violated_run_gives_1_and_wins_over_the_rest(tmp_path: Path) -> None:
    text = shipped()["slave-failure"].replace("published_s = 18", "published_s = 3")
    (tmp_path / "wrong.toml").write_text(text)
    status, stdout, _ = run(str(tmp_path / "wrong.toml"), "normal", "--json", out=tmp_path / "runs")
    assert status == 1
    assert [r["verdict"] for r in json.loads(stdout)["runs"]] == ["violated", "holds"]


def test_a_run_without_evidence_gives_3(tmp_path: Path) -> None:
    text = shipped()["slave-failure"].replace("settle_s = 40", "settle_s = 12")
    (tmp_path / "short.toml").write_text(text)
    status, stdout, _ = run(str(tmp_path / "short.toml"), "--json", out=tmp_path / "runs")
    findings = {f["checker"]: f["verdict"] for f in json.loads(stdout)["runs"][0]["findings"]}
    assert findings["timeline"] == "unknown"
    assert status in (1, 3)  # VMs that have not restarted by then are a violation of their own


def test_several_jobs_give_the_reports_of_one_in_order(tmp_path: Path) -> None:
    names = ["partition", "normal", "isolation"]
    status, stdout, _ = run(*names, "--jobs", "3", "--json", out=tmp_path)
    assert status == 0
    assert [r["scenario"] for r in json.loads(stdout)["runs"]] == names


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["normal", "--speed", "0"], "--speed: is 0: above 0"),
        (["normal", "--speed", "nan"], "--speed: is nan"),
        (["isolatoin"], "did you mean 'isolation'"),
        (["normal", "/does/not/exist.toml"], "cannot be read"),
    ],
)
def test_wrong_input_gives_2_and_starts_nothing(tmp_path: Path, arguments: list[str], says: str) -> None:
    status, stdout, stderr = run(*arguments, out=tmp_path / "runs")
    assert status == 2
    assert says in stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("arguments", [["run"], ["run", "normal", "--jobs", "0"], ["run", "normal", "--spead", "1"]])
def test_wrong_usage_gives_2(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


def test_scenarios_are_listed_a_line_each() -> None:
    result = runner.invoke(app, ["scenarios"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(shipped())
    listed = json.loads(runner.invoke(app, ["scenarios", "--json"]).stdout)
    assert list(dict.fromkeys(item["name"].partition("@")[0] for item in listed)) == list(shipped())


@pytest.mark.parametrize("command", [[], ["run"], ["scenarios"], ["doctor"]])
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = runner.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert not command or "Example: herzschlag" in result.stdout
