"""Links: clickable where a terminal can, written out in a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.terminal.links import link, shortest
from tests.support.terminal import console


def test_a_terminal_shows_the_path_and_holds_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = link(console(80), Path("runs/a b/report.html"))
    assert text.plain == "runs/a b/report.html"
    assert f"link {tmp_path.as_uri()}/runs/a%20b/report.html" in str(text.style)


def test_a_pipe_has_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = link(console(None), Path("runs/report.html"))
    assert text.plain == f"{tmp_path.as_uri()}/runs/report.html"


def test_a_path_elsewhere_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert shortest(tmp_path / "there" / "run") == str(tmp_path / "there" / "run")
    assert shortest(tmp_path / "here" / "run") == "run"
