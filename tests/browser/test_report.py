"""Reports as a browser shows them: complete, quiet, quick, usable by keyboard, on a phone, in the dark and on paper.

With HERZSCHLAG_PICTURES=1 the pictures in docs/pictures are taken anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herzschlag.history.clock import Clock
from herzschlag.report import write_report
from herzschlag.report.cli import draw_all
from herzschlag.report.reading import read_run
from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load
from tests.support.reports import SITUATIONS, folder
from tests.support.watched import PATIENCE_MS, Watched, report_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser
OpenContext = Callable[..., "BrowserContext"]
SMALL_MAX, LARGE_MAX = 6_000_000, 10_000_000
OPENS_WITHIN_S = 3.0
"""How long the browser's own work may take on a machine that does nothing else."""
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PAIRS = (
    *(("--ink", ground) for ground in ("--bg", "--panel", "--failground", "--vmground")),
    *(("--dim", "--bg"), ("--dim", "--panel"), ("--fault", "--panel")),
    *(("--good", "--goodground"), ("--bad", "--badground"), ("--warn", "--warnground")),
)
CONTRASTS = """(pairs) => {
  const channels = (hex) => (hex.length === 4 ? [1, 2, 3].map((i) => hex[i] + hex[i]) : [1, 3, 5].map((i) => hex.slice(i, i + 2)));
  const linear = (v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (name) => {
    const [r, g, b] = channels(getComputedStyle(document.documentElement).getPropertyValue(name).trim());
    return [r, g, b].map((c) => linear(parseInt(c, 16) / 255)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  };
  const contrast = ([a, b]) => {
    const [x, y] = [light(a), light(b)];
    return [`${a} on ${b}`, (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)];
  };
  return pairs.map(contrast).sort((p, q) => p[1] - q[1])[0];
}"""  # noqa: E501 (JavaScript)


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_report_of_each_situation_opens_quietly_and_complete(name: str, open_context: OpenContext) -> None:
    watched = Watched(open_context(), report_of(name))
    page = watched.page
    run_file = read_run(report_of(name).parent).file
    assert page.locator("header .badge").inner_text().split()[-1] == run_file.verdict
    assert page.locator("#result .finding").count() == len(run_file.findings)
    assert page.locator("#instants tbody tr").count() == len(run_file.instants)
    for figure in ("hosts", "network", "storage", "belief"):
        assert page.locator(f"#fig-{figure} .main-svg").count() > 0
    assert page.locator("#fig-hosts .bars .point").count() > 5
    assert page.locator("svg.sequence").count() == (0 if name == "normal" else 1)
    assert "host-98" in watched.words()
    assert report_of(name).stat().st_size < SMALL_MAX
    assert watched.trouble == []
    assert page.evaluate("window.shifts") < 0.01


# What the four pictures of the seed show: (scenario, seconds after the fault, what must be told).
PICTURED = {
    "normal-operation": ("normal", 10.3, ("host-99 master", "host-98 slave", "host-100 slave")),
    "failed-slave": (
        "slave-failure",
        8.3,
        ("host-98 no power", "host-98 no power, network A no power", "host-99 master"),
    ),
    "failed-master": ("master-failure", 29.3, ("host-99 no power", "host-98 master", "host-100 slave")),
    "isolated-host": ("isolation", 45.3, ("host-98 isolated, network A cut, network B cut", "host-99 master")),
}


@pytest.mark.parametrize("picture", PICTURED)
def test_the_cluster_is_drawn_at_any_instant(picture: str, open_context: OpenContext) -> None:
    name, after_s, told = PICTURED[picture]
    watched = Watched(open_context(device_scale_factor=1.5), report_of(name))
    watched.at(after_s)
    for words in told:
        assert words in watched.words()
    assert watched.page.locator(".cluster .heart").count() > 0
    if "no power" in told[0]:
        assert watched.page.locator(".cluster [data-act=host] .box.off").count() == 1
    if "cut" in told[0]:
        assert watched.page.locator(".cluster [data-act=link] .cross").count() >= 2
    if os.environ.get("HERZSCHLAG_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        watched.page.locator("#stage").screenshot(path=PICTURES / f"{picture}.png")


def test_vms_of_a_dead_host_move_in_the_picture(open_context: OpenContext) -> None:
    watched = Watched(open_context(), report_of("slave-failure"))
    history = read_run(report_of("slave-failure").parent).history
    watched.at(-1)
    assert re.search(r"host-98 slave, VMs: vm-98-1, vm-98-2", watched.words())
    watched.at(Clock.of(history).seconds(history.end_ns) - 1)
    assert re.search(r"host-98 no power.*VMs: none\. host-99", watched.words())
    assert "vm-98-1" in watched.words()


def test_all_figures_keep_one_time_axis(open_context: OpenContext) -> None:
    watched = Watched(open_context(), report_of("isolation"))
    watched.page.locator("[data-zoom=in]").click()
    watched.page.locator("[data-zoom=right]").click()
    watched.until("document.getElementById('fig-belief')._fullLayout.xaxis.range[0] > 0")
    first = watched.range_of("hosts")
    assert all(watched.range_of(figure) == pytest.approx(first) for figure in ("network", "storage", "belief"))
    box = watched.page.locator("#fig-hosts .nsewdrag").bounding_box()
    assert box is not None
    watched.page.locator("#fig-hosts").scroll_into_view_if_needed()
    box = watched.page.locator("#fig-hosts .nsewdrag").bounding_box()
    assert box is not None
    mouse = watched.page.mouse
    mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 30)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 30, steps=4)
    mouse.up()
    watched.until(f"document.getElementById('fig-belief')._fullLayout.xaxis.range[0] > {first[0] + 0.01}")
    assert watched.range_of("storage") == pytest.approx(watched.range_of("hosts"))
    assert watched.trouble == []


def test_hovering_shows_the_record_and_its_because(open_context: OpenContext) -> None:
    watched = Watched(open_context(viewport={"width": 1280, "height": 1400}), report_of("isolation"))
    page = watched.page
    page.locator("[data-zoom='0']").click()
    page.locator("#fig-hosts").scroll_into_view_if_needed()
    box = page.locator("#fig-hosts .nsewdrag").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 12)
    label = page.locator("#fig-hosts .hoverlayer .hovertext")
    label.first.wait_for(timeout=10_000)
    text = " ".join(label.all_text_contents())
    assert "record #" in text
    assert "host-98" in text


def test_the_keyboard_is_enough(open_context: OpenContext) -> None:
    watched = Watched(open_context(), report_of("slave-failure"))
    page = watched.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("#slider").focus()
    before = watched.clock()
    page.keyboard.press("ArrowRight")
    assert watched.clock() > before
    assert "after" in (page.locator("#slider").get_attribute("aria-valuetext") or "")
    page.locator("#play").focus()
    page.keyboard.press("Enter")
    watched.until(f"parseFloat(document.getElementById('clock').textContent.slice(1)) > {before + 0.5}")
    page.keyboard.press("Enter")
    assert page.locator("#play").inner_text().endswith("Play")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, select, [role=img], [role=region]')]"
        ".filter((e) => !['aria-label', 'aria-labelledby'].some((a) => e.getAttribute(a)) && !e.textContent.trim())"
        ".length"
    )
    assert unnamed == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_readable_in_both_themes(scheme: str, open_context: OpenContext) -> None:
    """Text against its ground: a contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""
    watched = Watched(open_context(color_scheme=scheme), report_of("slave-failure"))
    assert watched.page.evaluate("document.documentElement.dataset.theme") == scheme
    worst = watched.page.evaluate(CONTRASTS, PAIRS)
    assert worst[1] >= 4.5, worst


def test_a_phone_shows_it_without_scrolling_sideways(open_context: OpenContext) -> None:
    context = open_context(viewport={"width": 360, "height": 740}, has_touch=True)
    watched = Watched(context, report_of("isolation"))
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert watched.trouble == []


def test_paper_gets_light_figures_that_fit(open_context: OpenContext, tmp_path: Path) -> None:
    watched = Watched(open_context(color_scheme="dark"), report_of("isolation"), "#t=90")
    watched.page.evaluate(
        "addEventListener('beforeprint', () => { window.paper = document.documentElement.dataset.theme; })"
    )
    made = watched.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert made.startswith(b"%PDF")
    assert watched.page.evaluate("window.paper") == "light"
    assert watched.clock() == 90  # what is printed says at which instant it is
    assert watched.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert 3 <= len(re.findall(rb"/Type\s*/Page[^s]", made)) <= 12


@pytest.mark.parametrize(("name", "most_bytes"), [("isolation", SMALL_MAX), ("sixty-four", LARGE_MAX)])
def test_it_opens_quickly_and_is_small(name: str, most_bytes: int, open_context: OpenContext) -> None:
    path = report_of(name)
    assert path.stat().st_size < most_bytes
    context = open_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(f"file://{path}")
    page.wait_for_selector("html[data-drawn=yes]", timeout=PATIENCE_MS)
    metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
    assert 0.05 < metrics["TaskDuration"] < OPENS_WITHIN_S


def test_a_run_of_sixty_four_hosts_says_what_it_leaves_out(open_context: OpenContext) -> None:
    watched = Watched(open_context(), report_of("sixty-four"))
    assert "of 64 hosts are drawn" in watched.page.locator("#timeline").inner_text()
    assert watched.page.locator(".cluster [data-act=host]").count() == 64
    assert "host-110 no power" in watched.words()
    assert watched.trouble == []


@pytest.mark.parametrize("width", [1400, 390])
def test_the_summary_leads_to_the_reports_and_back(width: int, open_context: OpenContext) -> None:
    for name in SITUATIONS:
        report_of(name)
    drawn = draw_all([report_of(name).parent for name in SITUATIONS])
    assert not drawn.failed + drawn.refused
    page = open_context(viewport={"width": width, "height": 900}).new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(f"file://{folder('browser') / 'summary.html'}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#runs").bounding_box()["y"] < 900  # type: ignore[index]
    assert page.locator(".band").count() >= 2
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") in ("A", "DIV")
    page.get_by_role("link", name="isolation", exact=True).click()
    page.wait_for_selector("html[data-drawn=yes]", timeout=PATIENCE_MS)
    assert "isolated" in page.locator("h1").inner_text()
    page.get_by_role("link", name="5 runs").click()
    assert "5 runs" in page.locator("h1").inner_text()
    assert trouble == []


@pytest.mark.packets
def test_real_packets_give_hearts_gaps_and_the_timeline_by_packets_alone(
    open_context: OpenContext, tmp_path: Path
) -> None:
    request = RunRequest(
        scenario=load("slave-failure"), backend="mininet", speed=10.0, seed=0, directory=tmp_path / "run"
    )
    done = run(request)
    path = write_report(request.directory)
    watched = Watched(open_context(), path)
    page = watched.page
    assert page.locator("header .badge").inner_text().split()[-1] == done.verdict
    assert "Hearts are heartbeats of the capture" in page.locator("#cluster").inner_text()
    assert page.locator("#fig-gaps .bars .point").count() > 0
    assert "agrees" in page.locator("#instants").inner_text()
    assert "Heartbeat" in page.locator("#sequences").inner_text()
    assert path.stat().st_size < SMALL_MAX
    assert watched.trouble == []
