"""Smoothness of the live page with many hosts: times between frames in headless Chromium, as the page sees them.

    python -m bench.live [--hosts 64] [--seconds 15] [--json FILE]

The lab is simulated, at one protocol second a second, so that the machine's time goes to the page. Hearts beat on all
tiles, and half-way a host loses power. Beside the frames it shows the time that the page's main thread worked. Without
a graphics card, as on a build machine, Chromium draws every frame by processor.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.live import command

SLOW_MS = 50.0
"""A frame that takes longer is seen as a stutter."""
TARGET_MEDIAN_MS = 34.0
"""Thirty frames a second."""
MEASURE = """(seconds) => new Promise((done) => {
  const times = [];
  const began = performance.now();
  const frame = (now) => {
    times.push(now);
    if (now - began < seconds * 1000) requestAnimationFrame(frame);
    else done(times.slice(1).map((time, index) => time - times[index]));
  };
  requestAnimationFrame(frame);
})"""


def measure(hosts: int, seconds: float) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (without it --help still works)

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        scenario = Path(folder) / "many.toml"
        scenario.write_text(
            f'name = "many"\ntitle = "{hosts} hosts"\n[cluster]\nhosts = {hosts}\nvms_per_host = 2\n', encoding="utf-8"
        )
        with command(str(scenario), "--backend", "simulation", temporary=Path(folder)) as running:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(running.link())
            page.wait_for_selector("html[data-phase=running]", state="attached", timeout=60_000)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            busy_s = -_task_s(session)
            frames = page.evaluate(MEASURE, seconds / 2)
            page.locator(".cluster [data-act=host]").nth(12).locator(".box, rect").first.click()
            page.get_by_role("menuitem", name="Power off").first.click()
            frames += page.evaluate(MEASURE, seconds / 2)
            busy_s += _task_s(session)
            browser.close()
    frames.sort()
    return {
        "hosts": hosts,
        "frames": len(frames),
        "median_ms": statistics.median(frames),
        "p95_ms": frames[int(len(frames) * 0.95)],
        "max_ms": frames[-1],
        "slow": sum(one > SLOW_MS for one in frames),
        "busy_share": busy_s / (sum(frames) / 1000),
    }


def _task_s(session: Any) -> float:
    """How long the page's main thread has worked so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(item["value"] for item in metrics if item["name"] == "TaskDuration"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = measure(options.hosts, options.seconds)
    print(
        f"{found['hosts']} hosts, {found['frames']} frames: median {found['median_ms']:.1f} ms, "
        f"95 % below {found['p95_ms']:.1f} ms, longest {found['max_ms']:.0f} ms, {found['slow']} above {SLOW_MS:g} ms; "
        f"main thread busy {found['busy_share']:.0%}"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if found["median_ms"] <= TARGET_MEDIAN_MS else 1


if __name__ == "__main__":
    sys.exit(main())
