"""The pages as a German reader sees them: by the browser's language, and nothing left of what has a translation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import catalogue
import pytest

from herzschlag.languages import speaking
from herzschlag.report.page import write_report
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from tests.browser.conftest import OpenContext
from tests.support.live import command
from tests.support.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
WIDTHS = (1400, 390)


def english() -> set[str]:
    """Texts without anything to fill in that are other words in German."""
    found = set()
    for message in catalogue.messages(catalogue.read("de")):
        if isinstance(message.id, str) and message.id != message.string and re.search(r"[a-z]{3}", message.id):
            found.add(message.id)
    return {text for text in found if "{" not in text}


def shown(page: Page) -> set[str]:
    return {line.strip() for line in page.locator("body").inner_text().splitlines() if line.strip()}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_live_page_speaks_the_browsers_language(tmp_path: Path, open_context: OpenContext, width: int) -> None:
    with command("slave-failure", "--backend", "simulation", temporary=tmp_path) as running:
        visitor = Visitor(open_context(locale="de-AT", viewport={"width": width, "height": 900}), running.link())
        page = visitor.page
        visitor.until_phase("running")
        page.get_by_role("button", name="Nächster Schritt").click()
        visitor.until_words("host-98 kein Strom", "host-99 Master")
        page.get_by_role("button", name="10 s weiter").click()
        page.get_by_role("button", name="Beurteilen").click()
        page.locator("#worst .badge").wait_for()
        assert shown(page) & english() == set()
        assert re.match(r"T[+-]\d+,\d", page.locator("#clock").inner_text())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert visitor.trouble == []


def test_an_english_browser_beside_it_gets_english(tmp_path: Path, open_context: OpenContext) -> None:
    with command("slave-failure", "--backend", "simulation", temporary=tmp_path) as running:
        visitor = Visitor(open_context(locale="en-GB"), running.link())
        visitor.until_phase("running")
        assert visitor.page.locator("#next").inner_text() == "Next step"
        visitor.until_words("host-99 master")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_report_in_german_is_german(tmp_path: Path, open_context: OpenContext, width: int) -> None:
    into = tmp_path / "run"
    run(RunRequest(scenario=load("slave-failure"), backend="simulation", speed=1.0, seed=0, directory=into))
    with speaking("de"):
        page_file = write_report(into)
    page = open_context(viewport={"width": width, "height": 900}).new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-drawn=yes]", state="attached", timeout=60_000)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert shown(page) & english() == set()
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.locator("h1").inner_text().startswith("Ein Slave verliert den Strom")
    assert page.locator("#stage svg > title").text_content() is not None
    assert "host-98 kein Strom" in (page.locator("#stage svg > title").text_content() or "")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert trouble == []
