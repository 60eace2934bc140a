"""Removing old runs: a user's own file that is lost here is lost for good."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herzschlag.running.held import held
from herzschlag.running.old_runs import age_s, chosen, found_in, remove
from herzschlag.running.run_file import LATEST, RunReport, Status, point_latest, write_report
from herzschlag.wrong_input import InputError

NOW_S = 1_000_000.0


def made(folder: Path, name: str = "isolation", *, age: float = 0, status: Status = "finished") -> Path:
    run = folder / name
    (run / "log").mkdir(parents=True)
    write_report(RunReport(scenario=name, status=status), run)
    os.utime(run / "run.json", (NOW_S - age, NOW_S - age))
    return run


def going(base: Path, keep: int = 0, older_than_s: float = -1) -> list[str]:
    return [
        str(one.path.relative_to(base))
        for one in chosen(found_in(base), keep=keep, older_than_s=older_than_s, now_s=NOW_S)
    ]


def test_the_newest_stay_and_the_old_go(tmp_path: Path) -> None:
    for day in range(1, 5):
        made(tmp_path / f"2026-01-0{day}-100000", age=(4 - day) * 86400 + 1)
    made(tmp_path / "pytest", "test_it-simulation", age=10 * 86400)
    assert going(tmp_path, keep=2) == ["2026-01-02-100000", "2026-01-01-100000", "pytest/test_it-simulation"]
    assert going(tmp_path, older_than_s=2 * 86400) == going(tmp_path, keep=2)
    assert going(tmp_path, keep=4, older_than_s=2 * 86400) == ["pytest/test_it-simulation"]
    assert len(going(tmp_path)) == 5
    assert going(tmp_path / "nothing") == []


def test_only_what_is_ours_goes(tmp_path: Path) -> None:
    """Anything that a user put beside a run keeps the whole folder."""
    made(tmp_path / "my-runs")
    made(tmp_path / "2026-01-01-100000")
    (tmp_path / "2026-01-01-100000/notes.txt").write_text("mine")
    (tmp_path / "2026-01-02-100000/mine").mkdir(parents=True)
    (tmp_path / "2026-01-03-100000").write_text("a file")
    elsewhere = made(tmp_path / "elsewhere")
    (tmp_path / "2026-01-04-100000").symlink_to(elsewhere.parent)
    (tmp_path / "2026-01-05-100000").mkdir()
    (tmp_path / "2026-01-05-100000/isolation").symlink_to(elsewhere)
    (tmp_path / "2026-01-06-100000/isolation").mkdir(parents=True)
    (tmp_path / "2026-01-06-100000/isolation/run.json").write_text("{ not ours")
    (tmp_path / "pytest/mine").mkdir(parents=True)
    made(tmp_path / "2026-01-07-100000")
    (tmp_path / "2026-01-07-100000/summary.html").write_text("ours")
    assert going(tmp_path) == ["2026-01-07-100000"]
    left = {one.path.name: one.left_because for one in found_in(tmp_path) if one.left_because}
    assert left["2026-01-01-100000"] == "notes.txt is not a run"
    assert set(left) == {"2026-01-01-100000", "2026-01-02-100000", "2026-01-05-100000", "2026-01-06-100000", "mine"}


def test_a_run_that_goes_on_is_left_and_one_that_was_killed_is_not(tmp_path: Path) -> None:
    run = made(tmp_path / "2026-01-01-100000", status="running")
    with held(run):
        assert going(tmp_path) == []
        assert [one.left_because for one in found_in(tmp_path)] == ["isolation is running"]
    assert going(tmp_path) == ["2026-01-01-100000"]


def test_removing_follows_no_link_and_takes_the_link_that_led_to_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    base = tmp_path / "runs"
    run = made(base / "2026-01-01-100000")
    (run / "link").symlink_to(outside)
    point_latest(run.parent)
    (one,) = found_in(base)
    remove(one)
    assert not run.parent.exists() and not (base / LATEST).is_symlink()
    assert (outside / "precious").read_text() == "x"


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("12h", 43200), ("7d", 604800), ("2w", 1209600)])
def test_ages(text: str, seconds: float) -> None:
    assert age_s(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "7 years", "1.5d"])
def test_a_wrong_age_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="for example 7d"):
        age_s(text)
