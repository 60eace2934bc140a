"""The way between reports."""

from __future__ import annotations

from pathlib import Path

from herzschlag.report.neighbours import PLACE, link_reports


def pages(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).mkdir()
        (folder / name / "report.html").write_text(f"<header>{PLACE}</header>")
    return [folder / name for name in names]


def test_each_leads_to_the_summary_and_its_neighbours_and_again_when_they_change(tmp_path: Path) -> None:
    one, two, three = pages(tmp_path, "one", "two & a half", "three")
    for listed in ((one, two, three), (one, two)):
        link_reports(listed, tmp_path / "summary.html")
    text = (two / "report.html").read_text()
    assert '<a href="../summary.html">2 runs</a>' in text
    assert '<a href="../one/report.html">◀ one</a>' in text
    assert "three" not in text
    assert '<a href="../two%20%26%20a%20half/report.html">two &amp; a half ▶</a>' in (one / "report.html").read_text()


def test_what_is_no_report_of_this_version_is_left_alone(tmp_path: Path) -> None:
    (one,) = pages(tmp_path, "one")
    (one / "report.html").write_text("of another version")
    link_reports([one, tmp_path / "without"], tmp_path / "summary.html")
    assert (one / "report.html").read_text() == "of another version"
