"""Who may do what on the live page, and what the page does not get in the way of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.support.live import Command
from tests.support.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytest.importorskip("uvicorn", reason="the extra 'live' is missing: make setup")
pytestmark = pytest.mark.browser
OpenContext = Callable[..., "BrowserContext"]


def test_what_a_host_without_power_cannot_have_is_not_offered(visitor: Visitor) -> None:
    visitor.choose(visitor.thing("host", "host-98"), "Power off")
    visitor.until_words("host-98 no power")
    visitor.thing("host", "host-98").locator(".box").click()
    for name in ("Power off", "Freeze", "Kill the agent", "Kill the agent for good"):
        item = visitor.page.get_by_role("menuitem", name=name).first
        assert item.get_attribute("aria-disabled") == "true"
        assert "no power" in item.inner_text()
    visitor.page.get_by_role("menuitem", name="Freeze").click(force=True)
    assert visitor.page.locator(".menu").is_visible()
    assert len(visitor.faults()) == 1
    visitor.page.get_by_role("menuitem", name="Power on").click()
    visitor.until(lambda: visitor.faults() == [], "it has power again")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_menu_leaves_the_thing_that_it_is_about_in_sight(
    width: int, simulated: Command, open_context: OpenContext
) -> None:
    visitor = Visitor(open_context(viewport={"width": width, "height": 844}), simulated.link())
    visitor.until_phase("running")
    for act, node in (("link", "host-98"), ("link", "host-100"), ("host", "host-99"), ("storage", "host-100")):
        thing = visitor.thing(act, node, "A" if act == "link" else "")
        thing.locator(".port, .box, rect").first.click()
        menu = visitor.page.locator(".menu").bounding_box()
        box = visitor.thing("host", node).locator(".box").bounding_box()
        assert menu is not None and box is not None
        apart = (
            menu["x"] >= box["x"] + box["width"]
            or menu["x"] + menu["width"] <= box["x"]
            or menu["y"] >= box["y"] + box["height"]
        )
        assert apart, (act, node, menu, box)
        visitor.page.keyboard.press("Escape")


def test_a_heart_on_its_way_catches_no_click(visitor: Visitor) -> None:
    flying = """() => [...document.querySelectorAll(".cluster .heart")].map((heart) => {
        const box = heart.getBoundingClientRect();
        const there = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return there.some((one) => one.closest("[data-part=hearts]"));
    })"""
    seen: list[bool] = []

    def enough() -> bool:
        seen.extend(visitor.page.evaluate(flying))
        return len(seen) >= 10

    visitor.until(enough, "hearts fly")
    assert not any(seen)


def test_a_thing_that_is_drawn_anew_while_it_is_pressed_opens_its_menu(
    visitor: Visitor, simulated: Command, open_context: OpenContext
) -> None:
    port = visitor.thing("link", "host-98", "B").locator(".port").bounding_box()
    assert port is not None
    visitor.page.mouse.move(port["x"] + port["width"] / 2, port["y"] + port["height"] / 2)
    visitor.page.mouse.down()
    other = Visitor(open_context(), simulated.link("For another browser"))
    other.until_phase("running")
    other.choose(other.thing("link", "host-98", "B"), "Cut silently")
    visitor.until_words("network B cut")
    visitor.page.mouse.up()
    visitor.page.get_by_role("menuitem", name="Heal").first.click()
    visitor.until(lambda: visitor.faults() == [], "the link carries again")


def test_what_was_before_the_cluster_was_ready_is_folded(visitor: Visitor) -> None:
    fold = visitor.page.locator("#boot")
    visitor.until(fold.is_visible, "the fold is there")
    assert "T-" not in visitor.story()
    assert re.match(r"▸ \d+ lines from before", fold.inner_text())
    fold.click()
    assert "T-" in visitor.story()
    fold.click()
    assert "T-" not in visitor.story()


@pytest.mark.parametrize("width", [1400, 390])
def test_an_onlooker_sees_everything_and_can_act_on_nothing(
    width: int, simulated: Command, open_context: OpenContext
) -> None:
    acting = Visitor(open_context(), simulated.link())
    link = simulated.link("onlookers")
    looking = Visitor(open_context(viewport={"width": width, "height": 844}), link)
    for visitor in (acting, looking):
        visitor.until_phase("running")
    acting.choose(acting.thing("link", "host-98", "B"), "Cut silently")
    looking.until_words("network B cut")
    assert not looking.page.get_by_role("button", name=re.compile("Heal|Judge|Start|Pause|Step")).first.is_visible()
    looking.thing("host", "host-99").locator(".name").click()
    assert looking.page.locator(".menu").count() == 0
    assert "cannot act" in looking.page.locator("#looking").inner_text()
    assert looking.page.evaluate("document.documentElement.scrollWidth") <= width
    Visitor(open_context(), link).until_phase("running")  # as often as it is opened
    assert looking.trouble == []
