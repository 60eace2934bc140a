"""The command `clean`: nothing goes unless a user says which."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.running.run_file import RunReport, new_folder, write_report


def call(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["clean", *words])
    return done.exit_code, done.stdout, done.stderr


def made(base: Path) -> Path:
    run = new_folder(base) / "normal"
    run.mkdir()
    write_report(RunReport(scenario="normal"), run)
    return run.parent


def test_it_asks_which(tmp_path: Path) -> None:
    folder = made(tmp_path / "runs")
    status, _, told = call("--out", str(tmp_path / "runs"))
    assert status == 2 and "--keep 10" in told
    assert call("--older-than", "soon")[0] == 2
    assert folder.is_dir()


def test_a_dry_run_says_what_would_go_and_the_other_removes_it(tmp_path: Path) -> None:
    base = tmp_path / "runs"
    folders = [made(base) for _ in range(3)]
    status, dry, _ = call("--keep", "1", "--out", str(base), "--dry-run")
    assert status == 0 and dry.count("would remove") == 2 and all(folder.is_dir() for folder in folders)
    (folders[1] / "notes.txt").touch()
    status, out, _ = call("--keep", "0", "--out", str(base))
    assert status == 0 and "2 of 3 removed" in out and "notes.txt is not a run" in out
    assert [folder.is_dir() for folder in folders] == [False, True, False]
    assert call("--older-than", "1d", "-q", "--out", str(base)) == (0, "", "")
