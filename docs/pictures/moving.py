"""Makes live.webp, the moving picture of the live page in the README: host-98 is isolated in a simulated lab.

    python docs/pictures/moving.py            (make pictures)

It starts `herzschlag live`, opens the page in a headless Chromium, clicks as a person would, and joins what the page
shows into one file. It needs Chromium, Playwright, and Pillow (setup/site.lock). Two calls show the same story, not the
same bytes: frames are taken as fast as this machine draws them, and each is shown for as long as it took.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
COMMAND = (sys.executable, "-m", "herzschlag", "live", "isolation", "--backend", "simulation")
VIEW = {"width": 1320, "height": 740}
WIDTH = 960
"""Of the picture: its words can still be read."""
FRAME_MS_MIN = 110
LOOKS_MS = 1400
"""How long a viewer looks at the healthy cluster, and at an open menu."""
LAST_MS = 3500
BYTES_MAX = 1_500_000
QUALITIES = (70, 55, 40)


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("no Chromium on this machine: apt-get install chromium\n")
        return 4
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as command, sync_playwright() as playwright:
        try:
            assert command.stdout is not None
            link = next(found[0] for line in command.stdout if (found := re.search(r"http://\S+", line)))
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(viewport=VIEW, color_scheme="light").new_page()
            page.goto(link)
            page.wait_for_selector("html[data-phase=running]", state="attached")
            frames = Frames(page)
            story(page, frames)
            browser.close()
        finally:
            command.terminate()
    return frames.write(HERE / "live.webp")


def story(page: Page, frames: Frames) -> None:
    frames.during(LOOKS_MS)
    page.locator(".cluster [data-act=host][data-node=host-98] .box").click()
    frames.during(LOOKS_MS // 2)
    page.get_by_role("menuitem", name="Isolate").hover()
    frames.during(LOOKS_MS // 2)
    page.get_by_role("menuitem", name="Isolate").click()
    page.mouse.move(5, 5)
    frames.during(2 * LOOKS_MS)
    page.locator("#pace").select_option("5")
    frames.until(lambda: "isolated" in words(page))
    frames.during(LOOKS_MS)
    page.locator("#pace").select_option("20")
    frames.until(lambda: "VMs: none" in words(page))
    page.locator("#pace").select_option("5")
    frames.until(lambda: words(page).count("vm-98-") == 2)
    page.locator("#pace").select_option("1")
    frames.during(LOOKS_MS)


def words(page: Page) -> str:
    """The picture as a screen reader tells it."""
    return page.locator(".cluster > title").first.text_content() or ""


class Frames:
    """What the page shows, each frame with the time for which it was shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._at_s: list[float] = []

    def during(self, milliseconds: float) -> None:
        end_s = time.monotonic() + milliseconds / 1000
        self.until(lambda: time.monotonic() >= end_s)

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            began_s = time.monotonic()
            shot = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
            height = round(shot.height * WIDTH / shot.width)
            self._frames.append(shot.resize((WIDTH, height), Image.Resampling.LANCZOS))
            self._at_s.append(began_s)
            left_ms = FRAME_MS_MIN - (time.monotonic() - began_s) * 1000
            if left_ms > 0:
                self._page.wait_for_timeout(left_ms)

    def write(self, path: Path) -> int:
        """Write the file in the best quality that is small enough. Returns an exit status."""
        shown_ms = [round((b - a) * 1000) for a, b in zip(self._at_s, self._at_s[1:], strict=False)] + [LAST_MS]
        for quality in QUALITIES:
            first, *rest = self._frames
            more = {"append_images": rest, "duration": shown_ms, "loop": 0}
            first.save(path, save_all=True, quality=quality, method=4, **more)
            if path.stat().st_size <= BYTES_MAX:
                told = f"{len(shown_ms)} frames, {sum(shown_ms) / 1000:.0f} s, {path.stat().st_size / 1e6:.2f} MB"
                sys.stdout.write(f"{path}: {told}\n")
                return 0
        sys.stderr.write(f"{path}: above {BYTES_MAX / 1e6:g} MB in every quality of {QUALITIES}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
