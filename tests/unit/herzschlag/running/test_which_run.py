"""Which run an argument means: a wrong guess shows a user the packets of another run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herzschlag.running.run_file import LATEST, RunReport, point_latest, write_report
from herzschlag.running.which_run import completions, find, find_run, names, of_all, other_run
from herzschlag.wrong_input import InputError


def made(base: Path, folder: str, *runs: str, status: str = "finished") -> list[Path]:
    """Run directories; each is newer than those that were made before."""
    found = []
    for run in runs:
        directory = base / folder / run
        directory.mkdir(parents=True)
        scenario = "normal" if run == "normal-2" else run
        write_report(RunReport(scenario=scenario, status=status), directory)  # type: ignore[arg-type]
        at_s = 1_000_000_000 + len(list(base.glob("*/*/run.json")))
        os.utime(directory / "run.json", (at_s, at_s))
        found.append(directory)
    return found


@pytest.fixture
def base(tmp_path: Path) -> Path:
    base = tmp_path / "runs"
    made(base, "2026-01-01-100000", "isolation", "partition")
    made(base, "2026-01-02-100000", "isolation")
    made(base, "2026-01-02-100000-2", "case-1", "case-2", "normal", "normal-2")
    made(base, "2026-01-02-100000-10", "isolation", "normal")
    point_latest(base / "2026-01-02-100000-10")
    return base


def test_without_an_argument_it_is_the_last_run_that_ended(base: Path) -> None:
    assert find(None, base).path == base / "2026-01-02-100000-10"
    assert find_run(None, base) == base / "2026-01-02-100000-10/normal"
    made(base, "2026-01-02-100000-10", "partition", status="running")
    assert find_run(None, base).name == "normal"


def test_without_the_link_it_is_the_newest_folder(base: Path) -> None:
    (base / LATEST).unlink()
    assert find(None, base).path == base / "2026-01-02-100000-10", "the tenth of a second is after its second"


@pytest.mark.parametrize(
    ("argument", "run"),
    [
        ("isolation", "2026-01-02-100000-10/isolation"),
        ("partition", "2026-01-01-100000/partition"),
        ("part", "2026-01-01-100000/partition"),
        ("normal", "2026-01-02-100000-10/normal"),
        ("normal-2", "2026-01-02-100000-2/normal-2"),
        ("case-2", "2026-01-02-100000-2/case-2"),
        ("2026-01-02-100000/isolation", "2026-01-02-100000/isolation"),
        ("latest/isolation", "latest/isolation"),
        ("2026-01-02-100000", "2026-01-02-100000/isolation"),
    ],
)
def test_a_name_means_the_newest_run_of_it(base: Path, argument: str, run: str) -> None:
    assert find_run(argument, base).samefile(base / run)


def test_a_path_means_the_run_there_also_that_of_a_file_in_it(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base.parent)
    assert find_run("runs/2026-01-01-100000/partition", base) == Path("runs/2026-01-01-100000/partition")
    assert find_run(base / "2026-01-01-100000/partition/run.json", base).name == "partition"
    Path("partition").mkdir()  # a folder of the user's own
    assert find_run("partition").parent.name == "2026-01-01-100000"


def test_a_folder_of_several_says_which_there_are(base: Path) -> None:
    with pytest.raises(InputError, match=r"holds 2 runs: name one of .*/isolation, .*/partition$"):
        find_run("2026-01-01", base)
    assert [run.name for run in find("2026-01-01", base).runs] == ["isolation", "partition"]
    assert len(of_all(["2026-01-01", "2026-01-01-100000/isolation"], base)) == 2


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("case", "several runs begin so: case-1, case-2"),
        ("isolatoin", "no run of this name .*did you mean 'isolation'"),
        ("/nothing/there", "no such directory"),
        ("x" * 5000, "no such directory"),
        ("\0", "no such directory"),
    ],
)
def test_what_means_no_run_is_refused_with_what_there_is(base: Path, argument: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        find_run(argument, base)


def test_a_folder_without_runs_is_none(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither a run \(it has no run.json\) nor a folder of runs"):
        find_run(tmp_path, base)
    with pytest.raises(InputError, match="holds no run yet"):
        find_run(None, tmp_path / "nothing")


def test_the_other_run_of_the_same_scenario_is_the_newest(base: Path) -> None:
    last = find_run("isolation", base)
    before = other_run(last, base)
    assert before.parent.name == "2026-01-02-100000"
    assert other_run(before, base).samefile(last)
    with pytest.raises(InputError, match="no other run of 'partition'"):
        other_run(find_run("partition", base), base)


def test_names_are_offered_behind_tab(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(base)[:2] == ["latest", "normal"]
    monkeypatch.chdir(base.parent)
    assert completions("iso") == ["isolation"]
    assert "runs/2026-01-01-100000/partition" in completions("runs/2026-01-01")
    assert completions("zzz") == []
