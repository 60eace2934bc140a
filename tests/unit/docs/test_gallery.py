"""The gallery: every scenario once, both languages, and what each of them says of the same run."""

from __future__ import annotations

from pathlib import Path

import gallery
import pytest

from herzschlag.report.reading import REPORT_FILE
from herzschlag.running.run_file import RUN_FILE
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> gallery.Found:
    """A run in virtual time, with a report that is as good as any."""
    directory = tmp_path_factory.mktemp("gallery") / "normal"
    report = run(RunRequest(scenario=load("normal"), backend="simulation", speed=1.0, seed=0, directory=directory))
    (directory / REPORT_FILE).write_text("as the run left it")
    assert (directory / RUN_FILE).is_file()
    return {"normal": (report, directory)}


def test_the_gallery_names_every_scenario_once_and_the_situations_first() -> None:
    names = gallery.names()
    assert names[:5] == list(gallery.SITUATIONS)
    assert len(names) == len(set(names)) > 90


def test_the_page_is_in_the_language_of_its_readers(found: gallery.Found) -> None:
    english, german = gallery.page(found), gallery.page(found, "de")
    assert "# Gallery" in english and "| [normal](gallery/normal.html) | Normal operation: " in english
    assert "[1. Normal operation](lesson/en/1-normal-operation.md): [normal](gallery/normal.html)" in english
    assert "# Galerie" in german and "| [normal](galerie/normal.html) | Normalbetrieb: " in german
    assert "[1. Normalbetrieb](lesson/de/1-normalbetrieb.md): [normal](galerie/normal.html)" in german
    assert '<span class="holds">hält</span>' in german and "in virtueller Zeit" in german


def test_a_heading_without_runs_is_left_out(found: gallery.Found) -> None:
    assert gallery.WORDS["de"].cases not in gallery.page(found, "de")


def test_reports_are_drawn_in_german_and_copied_in_english(found: gallery.Found, tmp_path: Path) -> None:
    gallery.reports(found, tmp_path)
    assert (tmp_path / "gallery/normal.html").read_text() == "as the run left it"
    assert '<html lang="de"' in (tmp_path / "galerie/normal.html").read_text(encoding="utf-8")
