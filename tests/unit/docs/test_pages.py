"""Links of the documentation lead to the same thing in the site as in the repository."""

from pathlib import Path

import pytest

import pages


@pytest.mark.parametrize(
    ("link", "source", "place"),
    [
        ("docs/live.md", "README.md", "live.md"),
        ("results.md#reporthtml", "docs/live.md", "results.md#reporthtml"),
        ("decisions/0004-two-way-proof.md", "docs/protocol.md", "decisions/0004-two-way-proof.md"),
        ("../protocol.md", "docs/decisions/0004-two-way-proof.md", "../protocol.md"),
        ("../SECURITY.md", "docs/security.md", "SECURITY.md"),
        ("docs/decisions/", "README.md", "decisions/index.md"),
        ("../../pictures/live.png", "docs/lesson/de/index.md", "../../pictures/live.png"),
        ("../en/statements.md", "docs/lesson/de/index.md", "../../lesson/en/statements.md"),
        ("../../sources.md#dd-f", "docs/lesson/en/statements.md", "../../sources.md#dd-f"),
        ("#sources", "docs/protocol.md", "#sources"),
        ("https://semver.org", "CHANGELOG.md", "https://semver.org"),
    ],
)
def test_a_page_is_linked_at_its_place(link: str, source: str, place: str, tmp_path: Path) -> None:
    assert pages.place_of(link, source, tmp_path) == place


def test_a_linked_file_comes_along_as_text(tmp_path: Path) -> None:
    assert pages.place_of("../herzschlag/scenarios/shipped/case-01.toml", "docs/cases.md", tmp_path) == (
        "files/herzschlag/scenarios/shipped/case-01.toml.txt"
    )
    assert "power-off" in (tmp_path / "files/herzschlag/scenarios/shipped/case-01.toml.txt").read_text()


def test_a_link_to_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pages.place_of("no-such-file.txt", "docs/cases.md", tmp_path)


def test_what_looks_like_a_link_in_code_stays(tmp_path: Path) -> None:
    text = "[a](live.md)\n```\n[b](nowhere.md)\n```\n"
    assert pages.relinked(text, "docs/cases.md", tmp_path) == text


def test_a_printed_picture_leads_to_itself(tmp_path: Path) -> None:
    """At the width of a telephone its words cannot be read."""
    picture = "../../pictures/lesson/de/normal-6.2.svg"
    said = pages.relinked(f"![Herzen]({picture})\n", "docs/lesson/de/1-normalbetrieb.md", tmp_path)
    assert said == f"[![Herzen]({picture})]({picture})\n"
