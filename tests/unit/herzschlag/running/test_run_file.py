"""The run directory: every version can read run.json, and folders made in the same second differ."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from herzschlag.packets.passages import CaptureError
from herzschlag.packets.run import read_packet_run
from herzschlag.running.run_file import (
    LATEST,
    RUN_FILE,
    RunReport,
    must_be_unused,
    new_folder,
    read_report,
    scenario_of,
    write_report,
)
from herzschlag.scenarios.from_toml import ScenarioError, load, load_family
from herzschlag.scenarios.to_toml import as_toml
from herzschlag.wrong_input import InputError


def test_a_report_says_where_it_is_read(tmp_path: Path) -> None:
    report = RunReport(scenario="isolation", directory="/elsewhere", seed=3)
    write_report(report, tmp_path)
    assert read_report(tmp_path) == msgspec.structs.replace(report, directory=str(tmp_path))


def test_another_version_may_know_more_keys_and_fewer(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).write_text(json.dumps({"scenario": "isolation", "weather": "fair"}))
    report = read_report(tmp_path)
    assert (report.status, report.verdict, report.findings) == ("finished", "unknown", ())


def test_a_file_without_a_scenario_is_not_a_run(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).write_text("{}")
    with pytest.raises(msgspec.MsgspecError, match="scenario"):
        read_report(tmp_path)


def test_the_scenario_is_the_member_of_the_family_that_was_run() -> None:
    member = load_family("case-11")[1]
    assert scenario_of(RunReport(scenario=member.name, scenario_text=member.text)).name == member.name


def test_a_member_played_by_hand_is_written_down_on_its_own(tmp_path: Path) -> None:
    """Its text has no variants, though its name has an @: reading packets asked for the variant and found none."""
    text = as_toml(load("case-11@silent"))
    write_report(RunReport(scenario="case-11@silent", scenario_text=text), tmp_path)
    assert scenario_of(read_report(tmp_path)).name == "case-11@silent"
    with pytest.raises(CaptureError, match="pcapng"):  # there is no capture; the scenario was read
        read_packet_run(tmp_path)


def test_a_text_that_is_not_a_scenario_says_so() -> None:
    with pytest.raises(ScenarioError, match=r"isolation\.toml"):
        scenario_of(RunReport(scenario="isolation", scenario_text="hosts ="))


def test_folders_of_the_same_second_get_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "2026-01-01-120000")
    names = [new_folder(tmp_path / "runs").name for _ in range(3)]
    assert names == ["2026-01-01-120000", "2026-01-01-120000-1", "2026-01-01-120000-2"]


def test_a_place_that_cannot_hold_folders_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(InputError, match=r"runs: cannot be made: .*; choose another directory"):
        new_folder(tmp_path / "runs")


@pytest.mark.parametrize("left", ["history.jsonl", "capture.pcapng", "log/records.jsonl"])
def test_a_directory_that_a_lab_wrote_into_is_refused_and_stays_as_it_is(tmp_path: Path, left: str) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "scenario.toml").touch()  # a batch writes these two before its run begins
    (tmp_path / "log/runner.txt").touch()
    must_be_unused(tmp_path)
    must_be_unused(tmp_path / "new")
    (tmp_path / left).write_text("precious")
    with pytest.raises(InputError, match="holds a run already") as told:
        must_be_unused(tmp_path)
    assert left in str(told.value) and "name a new one, or remove it" in str(told.value)
    assert (tmp_path / left).read_text() == "precious"


def test_latest_leads_to_the_newest_folder_and_git_ignores_what_is_made_here(tmp_path: Path) -> None:
    base = tmp_path / "runs"
    for _ in range(3):
        folder = new_folder(base)
        assert (base / LATEST).is_symlink() and (base / LATEST).samefile(folder)
    assert (base / ".gitignore").read_text().splitlines()[-1] == "*"
    assert sorted(path.name for path in base.iterdir() if path.name.startswith(".")) == [".gitignore"]


@pytest.mark.parametrize("mine", ["file", "folder", "link"])
def test_a_folder_of_the_users_own_is_not_ignored_and_a_latest_of_their_own_stays(tmp_path: Path, mine: str) -> None:
    (tmp_path / "target").mkdir()
    latest = tmp_path / LATEST
    if mine == "link":
        latest.symlink_to("target")
    elif mine == "folder":
        latest.mkdir()
    else:
        latest.write_text("mine")
    folder = new_folder(tmp_path)
    assert folder.is_dir() and not latest.samefile(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([folder.name, LATEST, "target"])
