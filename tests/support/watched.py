"""A browser at a report, driven by tests, and the reports that they look at."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from herzschlag.report import write_report
from herzschlag.scenarios.from_toml import loads
from herzschlag.scenarios.model import Scenario
from tests.support.reports import WRONG, folder, simulated
from tests.support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PATIENCE_MS = 60_000
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => { for (const e of list.getEntries()) window.shifts += e.value; })
  .observe({ type: "layout-shift", buffered: true });
"""
SIXTY_FOUR = """
name = "sixty-four"
title = "Sixty-four hosts, one loses power, two are cut off"
settle_s = 60
[cluster]
hosts = 64
vms_per_host = 2
[[steps]]
at_s = 5
fault = "power-off"
host = "host-110"
[[steps]]
at_s = 60
for_s = 40
fault = "isolate"
host = ["host-120", "host-121"]
"""


@cache
def report_of(name: str) -> Path:
    written = {"sixty-four": SIXTY_FOUR, "wrong": WRONG}
    scenario: str | Scenario = loads(written[name], name) if name in written else name
    return write_report(simulated(scenario, folder("browser") / name))


class Watched:
    """A page with everything that it logged and requested."""

    def __init__(self, context: BrowserContext, path: Path, fragment: str = "") -> None:
        self.page: Page = context.new_page()
        self.trouble: list[str] = []
        self.page.on("console", lambda message: self.trouble.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.add_init_script(SHIFTS)
        self.page.goto(f"file://{path}{fragment}")
        self.page.wait_for_selector("html[data-drawn=yes]", timeout=PATIENCE_MS)

    def _asked(self, request: Any) -> None:
        if not request.is_navigation_request():
            self.trouble.append(f"request: {request.url[:200]}")

    def at(self, seconds: float) -> None:
        """Move the picture to this instant, as a person does: with the slider."""
        self.page.locator("#slider").fill(f"{seconds:.1f}")

    def clock(self) -> float:
        """Seconds after the first fault, as the page shows them: `T+17.9`."""
        return float(self.page.locator("#clock").inner_text().removeprefix("T"))

    def picture_in_view(self) -> bool:
        box = self.page.locator("#stage").bounding_box()
        size = self.page.viewport_size
        assert box is not None and size is not None
        return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]

    def words(self) -> str:
        """The picture as a screen reader tells it."""
        return self.page.locator(".cluster > title").text_content() or ""

    def until(self, condition: str) -> None:
        """Wait for an expression to be true; the page's policy forbids the ready-made way of waiting."""
        until(lambda: self.page.evaluate(condition), condition, pause=lambda s: self.page.wait_for_timeout(s * 1000))

    def range_of(self, figure: str) -> list[float]:
        found: list[float] = self.page.evaluate(f"document.getElementById('fig-{figure}')._fullLayout.xaxis.range")
        return found
