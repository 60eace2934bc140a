"""The picture of a report in a browser: in view at once, moved by every link to a record, searched and saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tests.support.watched import Watched, report_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser
OpenContext = Callable[..., "BrowserContext"]


@pytest.mark.parametrize("width", [1400, 390])
def test_evidence_moves_the_picture_that_is_in_view_and_shows_the_record_below(
    width: int, open_context: OpenContext
) -> None:
    watched = Watched(open_context(viewport={"width": width, "height": 900}), report_of("slave-failure"))
    page = watched.page
    link = page.locator("#instants .ev").nth(1)
    number = (link.inner_text()).removeprefix("#")
    link.click()
    assert watched.picture_in_view()
    row = page.locator(f"#r{number}")
    assert watched.clock() == pytest.approx(float(row.get_attribute("data-t") or 0), abs=0.06)
    assert f"record {number}," in page.locator("#strip").inner_text()
    assert not row.is_visible()
    page.go_back()
    watched.until("scrollY > 1500")  # back where the link was
    page.go_forward()
    page.get_by_role("button", name="Among the records").click()
    assert row.is_visible()
    assert "lit" in (row.get_attribute("class") or "")
    assert watched.trouble == []


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("name", ["isolation", "wrong"])
def test_the_picture_is_in_the_first_screen_and_a_half(name: str, width: int, open_context: OpenContext) -> None:
    height = {1400: 900, 390: 844}[width]
    watched = Watched(open_context(viewport={"width": width, "height": height}), report_of(name))
    box = watched.page.locator("#stage").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 1.5 * height
    assert box["x"] + box["width"] <= width
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.trouble == []


def test_a_link_to_an_instant_shows_the_picture_then(open_context: OpenContext) -> None:
    watched = Watched(open_context(viewport={"width": 390, "height": 844}), report_of("isolation"), "#t=90")
    assert watched.clock() == 90
    assert watched.picture_in_view()
    assert "host-98 isolated" in watched.words()


def test_what_is_violated_has_a_button_that_shows_the_instant(open_context: OpenContext) -> None:
    watched = Watched(open_context(viewport={"width": 1400, "height": 900}), report_of("wrong"))
    page = watched.page
    assert page.locator(".wrong .finding").count() == 1
    page.get_by_role("link", name="Show the instant").click()
    assert watched.clock() == pytest.approx(18, abs=0.1)
    assert watched.picture_in_view()
    assert "begins to restart" in page.locator("#story").inner_text()
    assert page.locator(".held li").first.is_visible() is False


def test_records_can_be_searched(open_context: OpenContext) -> None:
    watched = Watched(open_context(), report_of("slave-failure"))
    page = watched.page
    page.locator("#allrecords summary").click()
    whole = page.locator(".records tbody tr").count()
    shown = page.locator(".records tbody tr:visible").count()
    assert 0 < shown <= whole  # timers are left out until they are asked for
    page.locator("#find").fill("host-98 failed")
    few = page.locator(".records tbody tr:visible")
    assert 0 < few.count() < 10
    assert all("host-98" in text and "failed" in text for text in few.all_inner_texts())
    page.locator("#find").fill("")
    page.locator("#kind").select_option("restart")
    assert set(page.locator(".records tbody tr:visible td:nth-child(4)").all_inner_texts()) == {"restart"}


@pytest.mark.parametrize("what", ["cluster", "hosts", "sequence-1"])
def test_pictures_are_saved_as_drawings_that_need_nothing_else(
    what: str, open_context: OpenContext, tmp_path: Path
) -> None:
    watched = Watched(open_context(), report_of("slave-failure"))
    with watched.page.expect_download() as download:
        watched.page.locator(f"[data-save={what}]").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name.startswith(f"slave-failure-{what}")
    assert path.suffix == ".svg"
    drawn = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    words = "".join(drawn.itertext())
    assert "host-98" in words
    assert not re.search(r'(href|src)="(?!#|data:)', path.read_text(encoding="utf-8"))


def test_a_still_picture_has_hearts_at_every_tenth_of_a_second(open_context: OpenContext) -> None:
    """Also at whole seconds, when one heartbeat has arrived and the next is about to leave."""
    watched = Watched(open_context(), report_of("isolation"))
    hearts = watched.page.locator(".cluster [data-part=hearts] > g")
    for tenth in range(11):
        watched.at(50 + tenth / 10)
        assert hearts.count() > 0, f"T+{50 + tenth / 10:g}"
