"""A headless Chromium for tests that look at pages: Debian's own, nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.live import Command, command
from tests.support.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
OpenContext = Callable[..., "BrowserContext"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is missing: make setup")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[OpenContext]:
    """`open_context(viewport=..., color_scheme=...)`: a window that shares nothing with any other."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options)))
        return opened[-1]

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Command]:
    with command("--backend", "simulation", temporary=tmp_path) as running:
        yield running


@pytest.fixture
def visitor(simulated: Command, open_context: OpenContext) -> Visitor:
    """A browser at a simulated lab that runs."""
    made = Visitor(open_context(), simulated.link())
    made.until_phase("running")
    return made
