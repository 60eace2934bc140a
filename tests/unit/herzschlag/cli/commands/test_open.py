"""The command `open`: the page of the last run, without knowing where it is."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.running.run_file import RunReport, new_folder, write_report

opened: list[str] = []


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", opened.append)
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    opened.clear()
    return tmp_path


def call(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["open", *words])
    return done.exit_code, done.stdout.strip(), done.stderr


def made(here: Path, *names: str) -> Path:
    """Runs with pages that were drawn."""
    folder = new_folder(here / "runs")
    for name in names:
        (folder / name).mkdir()
        write_report(RunReport(scenario=name), folder / name)
        (folder / name / "report.html").write_text("page")
    if len(names) > 1:
        (folder / "summary.html").write_text("page")
    return folder


def test_the_last_run_is_opened_or_its_link_printed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(here, "normal")
    page = (folder / "normal/report.html").as_uri()
    assert call() == (0, page, "")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    assert call() == (0, page, "") and opened == [page]
    assert call("--print") == (0, page, "") and opened == [page]


def test_of_several_it_is_the_summary(here: Path) -> None:
    folder = made(here, "normal", "isolation")
    assert call()[1] == (folder / "summary.html").as_uri()
    assert call("isolation")[1] == (folder / "isolation/report.html").as_uri()


def test_what_was_never_drawn_is_drawn(here: Path) -> None:
    done = CliRunner().invoke(app, ["run", "normal", "--backend", "simulation", "--no-report"])
    assert done.exit_code == 0
    status, link, _ = call()
    assert status == 0 and Path(link.removeprefix("file://")).stat().st_size > 100_000


def test_what_cannot_be_drawn_says_why(here: Path) -> None:
    folder = made(here, "normal")
    (folder / "normal/report.html").unlink()
    status, out, told = call()
    assert (status, out) == (2, "") and "history.jsonl" in told
    assert call("nothing")[0] == 2
