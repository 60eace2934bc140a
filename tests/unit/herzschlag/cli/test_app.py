"""The command line: exit statuses, one JSON document, one clear message for wrong input, nothing started."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.scenarios.expectations import Expectations
from herzschlag.scenarios.from_toml import load, of_systems, shipped
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.to_toml import as_toml
from tests.support.terminal import WRONG

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


def test_documented_is_beside_measured_and_the_report_is_linked(tmp_path: Path) -> None:
    status, stdout, _ = run("slave-failure", out=tmp_path)
    assert status == 0
    assert "documented  measured" in stdout
    assert "            T+18     18.00   slave declared dead" in stdout
    (report,) = tmp_path.glob("[0-9]*/slave-failure/report.html")
    assert f"look     {report.as_uri()}" in stdout


@pytest.mark.parametrize(("speed", "says"), [("1000", "choose 12 or less"), ("13", "instants may be 0.62 s off then")])
def test_a_speed_at_which_nothing_can_be_told_is_refused_on_real_packets(tmp_path: Path, speed: str, says: str) -> None:
    out = tmp_path / "runs"
    result = runner.invoke(app, ["run", "slave-failure", "--speed", speed, "--out", str(out)])
    assert (result.exit_code, out.exists()) == (2, False)
    assert says in result.stderr
    assert run("slave-failure", "--speed", speed, out=out)[0] == 0, "virtual time has no speed"


def test_a_report_that_names_a_place_names_the_users_own_file_in_a_batch_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(WRONG, encoding="utf-8")
    status, stdout, _ = run(str(path), "normal", "--jobs", "2", out=tmp_path / "runs")
    assert status == 1
    assert f"happened T+18.00  {path}:15" in stdout
    assert f"again     herzschlag run {path} --backend simulation" in stdout


def written(scenario: Scenario, path: Path) -> None:
    path.write_text(as_toml(scenario))


def test_a_violated_run_gives_1_and_wins_over_the_rest(tmp_path: Path) -> None:
    right = load("slave-failure")
    too_early = tuple(msgspec.structs.replace(instant, published_s=3.0) for instant in right.expect.instant)
    expect = msgspec.structs.replace(right.expect, instant=too_early)
    written(msgspec.structs.replace(right, expect=expect), tmp_path / "wrong.toml")
    status, stdout, _ = run(str(tmp_path / "wrong.toml"), "normal", "--json", out=tmp_path / "runs")
    assert status == 1
    assert [r["verdict"] for r in json.loads(stdout)["runs"]] == ["violated", "holds"]


def test_a_run_without_evidence_gives_3(tmp_path: Path) -> None:
    """The run ends before the instants that are expected. Without VMs nothing else is missing then."""
    whole = load("slave-failure")
    cluster = msgspec.structs.replace(whole.cluster, vms_per_host=0)
    expect = Expectations(instant=whole.expect.instant)
    written(msgspec.structs.replace(whole, settle_s=12.0, cluster=cluster, expect=expect), tmp_path / "short.toml")
    status, stdout, _ = run(str(tmp_path / "short.toml"), "--json", out=tmp_path / "runs")
    findings = {f["checker"]: f["verdict"] for f in json.loads(stdout)["runs"][0]["findings"]}
    assert findings["timeline"] == "unknown"
    assert "violated" not in findings.values()
    assert status == 3


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
    ours, systems = ([line.split()[0] for line in part.splitlines()] for part in result.stdout.split("\n\n"))
    assert ours == list(shipped())
    assert systems[1:] == list(of_systems())
    listed = json.loads(runner.invoke(app, ["scenarios", "--json"]).stdout)
    assert list(dict.fromkeys(item["name"].partition("@")[0] for item in listed)) == [*shipped(), *of_systems()]


@pytest.mark.parametrize("command", [[], ["run"], ["scenarios"], ["doctor"]])
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    result = runner.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert not command or "Example: herzschlag" in result.stdout
