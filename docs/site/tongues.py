"""MkDocs' hook for pages in German: their language, the theme's words, navigation, and the way to the same page in the
other language.

This module decides which pages are German, and that no page shows the navigation of the other language but a link to
the same page there, or to its beginning. A page has no mark of its own: in the repository it is read as it is. (The
theme's own button for languages asks for a file, which a page that is one itself may not.)
"""

from __future__ import annotations

import copy
from pathlib import PurePosixPath
from typing import Any, Literal

Language = Literal["de", "en"]
COURSE = "lesson"
MARKDOWN = ".md"
GALLERIES: dict[Language, str] = {"de": f"galerie{MARKDOWN}", "en": f"gallery{MARKDOWN}"}
HOMES: dict[Language, str] = {"de": "lesson/de/index.md", "en": "index.md"}
NAMES: dict[Language, str] = {"de": "Deutsch", "en": "English"}
PAIRS = {"aussagen": "statements", "index": "index"}
"""Pages of the course that are not chapters: German name, English name."""
DESCRIPTION = "Ein Labor für die Heartbeats hochverfügbarer Cluster"
TOGGLES = {"Dark": "Dunkel", "Light": "Hell"}
ANCHOR = 'title="Permanent link"', 'title="Link zu dieser Stelle"'
"""What Markdown writes at each heading, and its German."""


def language(page: str) -> Language:
    """Of a page, by its place in the site: `lesson/de/index.md`."""
    german = page == GALLERIES["de"] or page.startswith(f"{COURSE}/de/")
    return "de" if german else "en"


def counterpart(page: str, pages: list[str]) -> str | None:
    """The same page in the other language; None where there is none."""
    mine = language(page)
    other: Language = "en" if mine == "de" else "de"
    if page == GALLERIES[mine]:
        return GALLERIES[other]
    if page == HOMES["en"]:
        return HOMES["de"]
    path = PurePosixPath(page)
    if path.parts[:1] != (COURSE,):
        return None
    names = PAIRS if mine == "de" else {english: german for german, english in PAIRS.items()}
    chapter = path.name.partition("-")[0]
    wanted = f"{COURSE}/{other}/{names.get(path.stem, '')}.md"
    found = [
        one for one in pages if one == wanted or (chapter.isdigit() and one.startswith(f"{COURSE}/{other}/{chapter}-"))
    ]
    return found[0] if found else None


def of_page(item: Any) -> str:
    """A page by which the language of a part of the navigation is known; empty for a link."""
    if item.is_section:
        return of_page(item.children[0])
    return str(item.file.src_uri) if item.is_page else ""


# --- called by MkDocs -------------------------------------------------------------------------------------------------


def on_page_content(html: str, page: Any, **_: object) -> str:
    return html.replace(*ANCHOR) if language(page.file.src_uri) == "de" else html


def on_page_context(context: dict[str, Any], page: Any, config: Any, nav: Any) -> dict[str, Any]:
    from mkdocs.structure.nav import Link  # noqa: PLC0415 (it is there where MkDocs calls this)

    mine = language(page.file.src_uri)
    other: Language = "en" if mine == "de" else "de"
    config.theme["language"] = mine
    _toggles(config, mine)
    if mine == "de":
        page.meta.setdefault("description", DESCRIPTION)
    shown = copy.copy(nav)
    shown.items = [item for item in nav.items if language(of_page(item)) == mine]
    same = counterpart(page.file.src_uri, [one.file.src_uri for one in nav.pages])
    shown.items.append(Link(NAMES[other], _url(same or HOMES[other])))
    for way in ("previous_page", "next_page"):
        neighbour = getattr(page, way)
        if neighbour is not None and language(neighbour.file.src_uri) != mine:
            setattr(page, way, None)
    return context | {"nav": shown}


def _toggles(config: Any, mine: Language) -> None:
    back = {german: english for english, german in TOGGLES.items()}
    for palette in config.theme["palette"]:
        toggle = palette["toggle"]
        english = back.get(toggle["name"], toggle["name"])
        toggle["name"] = TOGGLES[english] if mine == "de" else english


def _url(page: str) -> str:
    return f"{page.removesuffix(MARKDOWN)}.html"
