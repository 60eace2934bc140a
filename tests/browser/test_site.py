"""The site as a browser shows it, from files: nothing fetched from elsewhere, no error, no page too wide."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
OpenContext = Callable[..., "BrowserContext"]
LESSON = ("lesson/en/index", "lesson/en/statements", "lesson/de/aussagen", "lesson/de/4-isolierter-host")
SHOWN = ("index", "gallery", "galerie", "protocol", "sources", "cases", "live", "security", "decisions/index", *LESSON)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with the reports of two scenarios in its gallery."""
    if find_spec("material") is None:
        pytest.skip("MkDocs Material is missing: make site")
    build = tmp_path_factory.mktemp("site")
    wanted = ["--scenario", "normal", "--scenario", "isolation"]
    command = [sys.executable, str(ROOT / "docs/site/build.py"), *wanted, "--jobs", "1", "--build", str(build)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return build / "site"


@pytest.mark.parametrize("width", [1400, 390])
def test_pages_fit_and_fetch_nothing_from_elsewhere(site: Path, open_context: OpenContext, width: int) -> None:
    page = open_context(viewport={"width": width, "height": 900}).new_page()
    told: list[str] = []
    fetched: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: fetched.append(request.url))
    for name in SHOWN:
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert told == []
    assert [url for url in fetched if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_gallery_leads_to_reports_and_the_search_finds(site: Path, open_context: OpenContext) -> None:
    page = open_context().new_page()
    page.goto((site / "gallery.html").as_uri())
    page.get_by_role("link", name="isolation", exact=True).first.click()
    page.wait_for_url("**/gallery/isolation.html")
    page.get_by_role("heading", level=1).wait_for()
    page.goto((site / "index.html").as_uri())
    page.locator("input[name=query]").click()  # only then does the page load what it searches in
    page.get_by_text("Type to start searching").wait_for(state="attached")
    page.locator("input[name=query]").press_sequentially("isolation address")
    page.locator(".md-search-result__item").first.wait_for()


def test_a_german_page_is_german_around_its_text(site: Path, open_context: OpenContext) -> None:
    """Language, navigation and the theme's own words; the same page in English is a click away."""
    page = open_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto((site / "lesson/de/3-ausfall-des-masters.html").as_uri())
    assert page.locator("html").get_attribute("lang") == "de"
    navigation = page.locator(".md-nav--primary").first.inner_text()
    assert "Lehrgang" in navigation and "Galerie" in navigation
    assert [word for word in ("Course", "Gallery", "Use it", "How it is built") if word in navigation] == []
    assert page.locator(".md-search__input").get_attribute("placeholder") == "Suche"
    assert page.locator(".headerlink").first.get_attribute("title") == "Link zu dieser Stelle"
    page.get_by_role("link", name="English", exact=True).click()
    page.wait_for_url("**/lesson/en/3-the-master-fails.html")
    assert page.locator("html").get_attribute("lang") == "en"
    navigation = page.locator(".md-nav--primary").first.inner_text()
    assert "How it is built" in navigation and "Lehrgang" not in navigation


def test_the_german_gallery_leads_to_german_reports(site: Path, open_context: OpenContext) -> None:
    page = open_context().new_page()
    page.goto((site / "galerie.html").as_uri())
    page.get_by_role("link", name="isolation", exact=True).first.click()
    page.wait_for_url("**/galerie/isolation.html")
    assert page.locator("html").get_attribute("lang") == "de"


def test_no_page_leads_to_what_is_not_there(site: Path) -> None:
    """Links and pictures of every page of the course, in both languages."""
    for page in [*site.glob("lesson/*/*.html"), site / "galerie.html", site / "gallery.html"]:
        for link in re.findall(r'(?:href|src)="([^"#:?]+)[^"]*"', page.read_text(encoding="utf-8")):
            assert (page.parent / unquote(link)).exists(), f"{page.name}: {link}"
