"""Pages of the site: which are German, and which is the same one in the other language."""

from __future__ import annotations

import pytest
import tongues

import pages

ALL = [*pages.places().values(), *tongues.GALLERIES.values()]


@pytest.mark.parametrize(
    ("page", "language"),
    [("lesson/de/index.md", "de"), ("galerie.md", "de"), ("lesson/en/index.md", "en"), ("index.md", "en")],
)
def test_the_language_of_a_page_is_told_by_its_place(page: str, language: str) -> None:
    assert tongues.language(page) == language


@pytest.mark.parametrize(
    ("page", "other"),
    [
        ("index.md", "lesson/de/index.md"),
        ("lesson/de/index.md", "lesson/en/index.md"),
        ("lesson/en/3-the-master-fails.md", "lesson/de/3-ausfall-des-masters.md"),
        ("lesson/de/aussagen.md", "lesson/en/statements.md"),
        ("lesson/en/statements.md", "lesson/de/aussagen.md"),
        ("galerie.md", "gallery.md"),
        ("lesson/de/wortliste.md", None),
        ("protocol.md", None),
    ],
)
def test_a_page_knows_itself_in_the_other_language(page: str, other: str | None) -> None:
    assert tongues.counterpart(page, ALL) == other


def test_every_chapter_has_its_counterpart_and_leads_back() -> None:
    chapters = [page for page in ALL if page.startswith("lesson/") and page.split("/")[-1][0].isdigit()]
    assert len(chapters) == 12
    for page in chapters:
        other = tongues.counterpart(page, ALL)
        assert other is not None and tongues.counterpart(other, ALL) == page
