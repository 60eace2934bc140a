"""A browser at the live page, driven by tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

PATIENCE_S = 60.0


class Visitor:
    """One browser at the page, with every error that it reported."""

    def __init__(self, context: BrowserContext, link: str) -> None:
        self.page: Page = context.new_page()
        self.trouble: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.goto(link)
        self._own = link.split("/?", maxsplit=1)[0]

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:")):
            self.trouble.append(f"request: {request.url}")

    def until(self, condition: Callable[[], object], what: str) -> None:
        until(condition, what, state=self.words, pause=lambda seconds: self.page.wait_for_timeout(seconds * 1000))

    def until_phase(self, phase: str) -> None:
        self.page.wait_for_selector(f"html[data-phase={phase}]", state="attached", timeout=PATIENCE_S * 1000)

    def words(self) -> str:
        """The picture as a screen reader tells it."""
        return self.page.locator(".cluster > title").first.text_content(timeout=5000) or ""

    def until_words(self, *told: str) -> None:
        self.until(lambda: all(one in self.words() for one in told), f"the picture tells {told}")

    def thing(self, act: str, node: str = "", network: str = "") -> Locator:
        node_part = f"[data-node='{node}']" if node else ""
        network_part = f"[data-network='{network}']" if network else ""
        return self.page.locator(f".cluster [data-act={act}]{node_part}{network_part}")

    def choose(self, thing: Locator, *items: str) -> None:
        """Click on the thing, then on one item after the other."""
        thing.locator(".port, .tile-port, .box, rect").first.click()
        for item in items:
            self.page.get_by_role("menuitem", name=item).first.click()

    def faults(self) -> list[str]:
        return self.page.locator("#active li:has(button)").all_inner_texts()

    def clock(self) -> float:
        """As the page shows it: seconds after the first fault, before one since the cluster was ready."""
        return float(self.page.locator("#clock").inner_text().removeprefix("T"))

    def story(self) -> str:
        return self.page.locator("#story").inner_text()

    def focused(self) -> str:
        found: str = self.page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
        )
        return found
