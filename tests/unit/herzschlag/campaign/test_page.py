"""The page over a campaign: what only many runs show, with everything from a run escaped."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.campaign import page
from herzschlag.campaign.folder import Played
from herzschlag.campaign.page import write_page
from herzschlag.languages import speaking
from tests.unit.herzschlag.campaign.campaigns import cell, played


def drawn(folder: Path, *runs: Played, number: int = 0) -> str:
    return write_page(runs, number or len(runs), folder / "campaign.html").read_text()


def test_it_says_what_is_missing_and_what_is_not(tmp_path: Path) -> None:
    text = drawn(tmp_path, played(cell(0), place=tmp_path), number=5)
    assert "4 runs of the campaign have not been played yet" in text
    assert text.count("There are none.") == 2
    assert "Runs that are missing" not in drawn(tmp_path, played(cell(0), place=tmp_path))


def test_it_names_runs_that_do_not_repeat_and_links_to_them(tmp_path: Path) -> None:
    pair = played(cell(3), place=tmp_path), played(cell(3, name="again"), "violated", place=tmp_path)
    (tmp_path / "again").mkdir()
    (tmp_path / "again/report.html").write_text("")
    text = drawn(tmp_path, *pair)
    assert "verdicts holds, violated" in text
    assert 'href="again/report.html"' in text
    assert 'href="normal-simulation-x10-seed3/run.json"' in text, "no report was drawn of it"


def test_it_lists_outliers_with_their_median(tmp_path: Path) -> None:
    runs = [played(cell(seed), detection_s=18.0 if seed else 25.0, place=tmp_path) for seed in range(12)]
    text = drawn(tmp_path, *runs)
    assert "<td class=num>25.000 s</td><td class=num>18.000 s</td>" in text


def test_it_says_where_runs_were_played(tmp_path: Path) -> None:
    assert "<th scope=row>m1</th><td>simulation</td><td class=num>2</td><td class=num>1</td>" in drawn(
        tmp_path, *(played(cell(seed), place=tmp_path) for seed in (0, 1))
    )


def test_a_long_table_says_that_it_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ROWS_MAX", 1)
    runs = [
        played(cell(seed, name=f"{seed}{verdict}"), verdict, place=tmp_path)
        for seed in (1, 2)
        for verdict in ("holds", "unknown")
    ]
    assert "Runs that do not repeat; the first 1 of 2" in drawn(tmp_path, *runs)


def test_names_and_reasons_are_shown_and_never_interpreted(tmp_path: Path) -> None:
    text = drawn(tmp_path, played(cell(0, name="<b>"), "unknown", because="<script>x</script>", place=tmp_path))
    assert "<script>x" not in text and "&lt;script&gt;x" in text and "<b>normal" not in text
    assert "http" not in text.partition("<body>")[2].partition('id="plotly"')[0], "nothing is fetched"


def test_the_page_is_german_for_a_german_reader(tmp_path: Path) -> None:
    runs = [played(cell(seed), detection_s=18.0 if seed else 25.0, place=tmp_path) for seed in range(12)]
    pair = played(cell(30), place=tmp_path), played(cell(30, name="again"), "violated", place=tmp_path)
    with speaking("de"):
        text = drawn(tmp_path, *runs, *pair, number=20)
    for said in (
        "Läufe, die fehlen",
        "Urteile hält, verletzt",
        "25,000 s",
        "Wo die Läufe gespielt wurden",
        "Median seines",
    ):
        assert said in text
    for left in ("Outliers", "do not repeat", "Real time", "Machines", "There are none", "verdicts"):
        assert left not in text
