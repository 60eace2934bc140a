"""The command `herzschlag picture`: which run, which instants, where to."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from herzschlag.cli.app import app
from tests.support.pictures import SVG, layer, said, troubles
from tests.support.reports import simulated


def picture(*words: str) -> Result:
    return CliRunner().invoke(app, ["picture", "--lang", "en", *words])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_scenario_is_played_and_drawn_at_each_instant(here: Path) -> None:
    ended = picture("--scenario", "isolation", "--at", "27,2", "--at", "T+70.5", "--at", "-3")
    assert ended.stdout.split() == ["isolation-27.2.svg", "isolation-70.5.svg", "isolation--3.svg"]
    drawn = ElementTree.parse("isolation-27.2.svg").getroot()
    assert said(layer(drawn, "clock")) == ["T+27.2 s"]
    assert "ping to the isolation address, lost" in said(layer(drawn, "legend"))
    assert troubles(drawn) == []


def test_the_last_run_is_drawn_shortly_after_its_fault(here: Path) -> None:
    simulated("slave-failure", here / "runs/2026-05-01-101500/slave-failure")
    ended = picture("--without", "legend,clock", "--out", "sheets/")
    assert ended.stdout.split() == ["sheets/slave-failure-4.2.svg"], ended.stderr
    drawn = ElementTree.parse("sheets/slave-failure-4.2.svg").getroot()
    assert drawn.find(f"{SVG}g[@id='legend']") is None
    assert "no power" in said(drawn)


def test_a_pdf_is_one_by_its_name_and_a_picture_can_go_to_standard_output(here: Path) -> None:
    assert picture("--scenario", "normal", "--out", "x.pdf", "-q").stdout == ""
    assert (here / "x.pdf").read_bytes().startswith(b"%PDF-")
    assert picture("--scenario", "normal", "--out", "-").stdout.startswith("<svg ")


@pytest.mark.parametrize(
    "words, said",
    [
        (("nix",), "nix: "),
        (("isolation", "--scenario", "isolation"), "a run or a scenario, not both"),
        (("--scenario", "isolatoin"), "isolation"),
        (("--scenario", "isolation", "--at", "soon"), "'soon' is not an instant: write seconds"),
        (("--scenario", "isolation", "--at", "5000"), "goes from T-"),
        (("--scenario", "isolation", "--layers", "harts"), "hearts"),
        (("--scenario", "isolation", "--out", "x.png"), ".svg or .pdf"),
        (("--scenario", "isolation", "--out", "-", "--at", "1", "--at", "2"), "standard output takes one"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(here: Path, words: tuple[str, ...], said: str) -> None:
    ended = picture(*words)
    assert ended.exit_code == 2
    assert said in ended.stderr
    assert list(here.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(here: Path) -> None:
    (here / "file").touch()
    ended = picture("--scenario", "normal", "--out", "file/x.svg")
    assert ended.exit_code == 5
    assert "choose another place with --out" in ended.stderr
