"""The live page as people use it: by click, by key, on a phone, several at once; on a real lab and in virtual time.

With HERZSCHLAG_PICTURES=1 its picture in docs/pictures is taken anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herzschlag.running.runner import RunRequest, run
from herzschlag.scenarios.from_toml import load, loads
from tests.support.live import Command, command
from tests.support.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytest.importorskip("uvicorn", reason="the extra 'live' is missing: make setup")
pytestmark = pytest.mark.browser
OpenContext = Callable[..., "BrowserContext"]
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SPEED = 10.0
SIXTY_FOUR = 'name = "sixty-four"\ntitle = "Sixty-four hosts"\n[cluster]\nhosts = 64\nvms_per_host = 2\n'
CALLED_NOTHING = """() => [...document.querySelectorAll(
    'button, a[href], input, select, [role=button], [role=menuitem], [role=group], [role=log], [tabindex="0"]')]
  .filter((e) => !e.closest('[hidden], dialog:not([open])'))
  .filter((e) => !['aria-label', 'aria-labelledby', 'title'].some((a) => e.getAttribute(a)) && !e.textContent.trim()
    && !document.querySelector(`label[for="${e.id || '-'}"]`) && !e.closest('label'))
  .map((e) => e.outerHTML.slice(0, 120))"""


def test_a_link_is_cut_and_healed_by_click(visitor: Visitor) -> None:
    visitor.choose(visitor.thing("link", "host-98", "A"), "Cut silently")
    visitor.until_words("host-98 slave, network A cut")
    visitor.until(lambda: visitor.page.locator(".cluster .heart.lost").count(), "a heart breaks")
    assert "host-98 is cut off from everyone on network A" in visitor.faults()[0]
    assert "T+0.0" in visitor.faults()[0]
    assert "fault begins: host-98 is cut off from everyone on network A" in visitor.story()
    visitor.choose(visitor.thing("link", "host-98", "A"), "Heal")
    visitor.until_words("host-98 slave, VMs")
    assert visitor.faults() == []
    assert visitor.trouble == []


@pytest.mark.parametrize(
    ("act", "node", "network", "items", "told"),
    [
        ("link", "host-100", "B", ("Take the carrier away",), "host-100 slave, network B port down"),
        ("link", "host-100", "A", ("No way out",), "host-100 slave, network A no way out"),
        ("link", "host-100", "A", ("No way in",), "host-100 slave, network A no way in"),
        ("link", "host-100", "A", ("Cut towards one node", "host-98"), "host-100 slave, network A cut to some"),
        ("host", "host-98", "", ("Power off",), "host-98 no power"),
        ("host", "host-98", "", ("Freeze",), "host-98 frozen"),
        ("host", "host-98", "", ("Isolate",), "network A cut, network B cut"),
        ("network", "", "A", ("Carries nothing",), "host-98 slave, network A cut"),
        ("node", "gateway", "", ("Silence it",), "gateway silent"),
        ("node", "vcenter", "", ("Crash vCenter",), "vCenter down"),
    ],
)
def test_everything_can_be_broken_by_click_and_healed_at_the_same_place(  # noqa: PLR0917 (pytest calls it by name)
    act: str, node: str, network: str, items: tuple[str, ...], told: str, visitor: Visitor
) -> None:
    visitor.page.locator("#pause").click()
    before = visitor.words()
    visitor.choose(visitor.thing(act, node, network), *items)
    visitor.until_words(told)
    assert len(visitor.faults()) == 1
    visitor.thing(act, node, network).locator(".port, .box, rect").first.click()
    visitor.page.locator(".menu .heals").click()
    visitor.until(lambda: visitor.faults() == [], "it is healed")
    if node != "host-98":  # a host that was down comes back later
        visitor.until_words(before)
    assert visitor.trouble == []


def test_a_datastore_is_taken_from_a_host_and_given_back(visitor: Visitor) -> None:
    visitor.choose(visitor.thing("host", "host-98"), "Take a datastore away", "vmfs-2: pdl")
    lost = visitor.thing("storage", "host-98").locator("title")
    visitor.until(lambda: "has lost vmfs-2 (pdl)" in (lost.text_content() or ""), "the line says so")
    visitor.choose(visitor.thing("storage", "host-98"), "Give the datastore back")
    visitor.until(lambda: "reaches its datastores" in (lost.text_content() or ""), "it is back")


def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    page = visitor.page
    page.keyboard.press("Tab")
    assert visitor.focused() == "To the cluster"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    seen = [visitor.focused()]
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(visitor.focused())
    carries = "on network A: carries"
    assert seen[:2] == ["Network A", "Network B"]
    assert seen[2:] == [f"host-99 {carries}", "host-98 on network B: carries", f"host-98 {carries}"]
    page.keyboard.press("Enter")
    assert visitor.focused().startswith("Cut silently")
    page.keyboard.press("ArrowDown")
    assert visitor.focused().startswith("Take the carrier away")
    page.keyboard.press("Escape")
    assert visitor.focused() == "host-98 on network A: carries"
    assert page.locator(".menu").count() == 0
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    visitor.until_words("host-98 slave, network A cut")
    visitor.until(lambda: visitor.focused() == "host-98 on network A: cut", "the focus stays where it was")
    page.keyboard.press("Enter")
    assert "Heal" in visitor.focused()
    page.keyboard.press("Enter")
    visitor.until_words("host-98 slave, VMs")
    assert visitor.trouble == []


def test_everything_has_a_name_and_events_are_spoken(visitor: Visitor) -> None:
    page = visitor.page
    assert page.evaluate(CALLED_NOTHING) == []
    assert page.locator(".cluster").get_attribute("role") == "group"
    assert page.locator(".cluster [data-act][tabindex='0']").count() == 1
    visitor.choose(visitor.thing("host", "host-98"), "Power off")
    spoken = page.locator("[role=status]")
    visitor.until(lambda: "host-98 has no power" in (spoken.text_content() or ""), "the fault is spoken")
    visitor.thing("host", "host-99").locator(".box").click()
    assert page.evaluate(CALLED_NOTHING) == []


def test_what_contradicts_is_refused_with_the_reason(visitor: Visitor) -> None:
    alert = visitor.page.locator("#refused")
    visitor.choose(visitor.thing("host", "host-98"), "Freeze")
    visitor.until_words("host-98 frozen")
    visitor.choose(visitor.thing("host", "host-98"), "Freeze")
    alert.wait_for(state="visible")
    assert "contradict each other" in alert.inner_text()
    close = visitor.page.get_by_role("button", name="Close this message")
    box, whole = close.bounding_box(), alert.bounding_box()
    assert box is not None and whole is not None
    assert whole["x"] + whole["width"] - box["x"] - box["width"] < 30  # at the right end
    close.click()
    assert alert.is_hidden()


def test_several_browsers_see_the_same_lab(simulated: Command, open_context: OpenContext) -> None:
    first = Visitor(open_context(), simulated.link())
    first.until_phase("running")
    first.page.locator("#pause").click()
    first.choose(first.thing("link", "host-98", "B"), "Cut silently")
    first.until_words("network B cut")
    first.page.get_by_role("button", name="Share").click()
    first.until(lambda: first.page.locator("#link").input_value(), "there is a link")
    second = Visitor(open_context(), first.page.locator("#link").input_value())
    second.until_phase("running")
    second.until_words("network B cut")
    assert second.words() == first.words()
    assert second.page.locator("#story li").all_inner_texts() == first.page.locator("#story li").all_inner_texts()
    second.page.get_by_role("button", name="Heal everything").click()
    first.until(lambda: first.faults() == [], "the first sees what the second does")
    third = Visitor(open_context(), simulated.link("For another browser"))
    third.until_phase("running")
    third.until(lambda: third.words() == first.words(), "the command's next link shows the same lab")


def test_without_a_link_nobody_sees_or_does_anything(simulated: Command, open_context: OpenContext) -> None:
    link = simulated.link()
    Visitor(open_context(), link).until_phase("running")
    for address in (link, link.split("?")[0], link.split("?")[0] + "by-hand.toml"):
        page = open_context().new_page()
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 403
        assert page.locator("svg").count() == 0


def test_simulated_time_is_paused_stepped_and_sped_up(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("button", name="Pause").click()
    visitor.until(lambda: "paused" in page.locator("#phase").inner_text(), "it is paused")
    before = visitor.clock()
    page.get_by_role("button", name="Step 1 s", exact=True).click()
    visitor.until(lambda: visitor.clock() >= before + 0.9, "a second passes")
    assert visitor.clock() <= before + 1.5  # what was shown when it was paused may be 0.2 s old
    page.get_by_role("button", name="Step 10 s").click()
    visitor.until(lambda: visitor.clock() >= before + 10.9, "ten seconds pass")
    assert visitor.clock() <= before + 11.5
    page.locator("#pace").select_option("60")
    visitor.until(lambda: visitor.clock() > before + 60, "a minute passes quickly")


def test_a_shipped_scenario_is_started_stepped_judged_and_saved(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    page.locator("#choice").select_option("slave-failure")
    page.get_by_role("button", name="Start it").click()
    visitor.until(lambda: page.locator("#steps li").count() > 0, "its steps are listed")
    visitor.until_phase("running")
    assert page.locator("#steps .done").count() == 0
    page.get_by_role("button", name="Next step").click()
    visitor.until_words("host-98 no power")
    assert page.locator("#steps .done").count() == 1
    for _ in range(8):
        before = visitor.clock()
        page.get_by_role("button", name="Step 10 s").click()
        visitor.until(lambda at=before: visitor.clock() > at + 9, "ten seconds pass")  # type: ignore[misc]
    visitor.until(lambda: re.search(r"host-(99|100) \w+, VMs: [^.]*vm-98-1", visitor.words()), "its VM runs elsewhere")
    assert page.locator("#story small").first.inner_text().startswith("because: ")
    page.get_by_role("button", name="Judge").click()
    page.locator("#worst .badge").wait_for()
    assert page.locator("#worst .badge").inner_text().split()[-1] == "holds"
    assert page.locator("#findings .finding").count() == 0
    assert page.locator("#good .finding").count() > 10
    assert not page.locator("#good .finding").first.is_visible()
    before = visitor.clock()
    page.get_by_role("button", name="Step 1 s", exact=True).click()
    visitor.until(lambda: visitor.clock() > before + 0.8, "the lab goes on")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as scenario").click()
    assert download.value.suggested_filename == "by-hand.toml"
    scenario = loads(Path(download.value.path()).read_text(encoding="utf-8"), "by-hand.toml")
    request = RunRequest(scenario=scenario, backend="simulation", speed=1.0, seed=0, directory=tmp_path / "again")
    assert run(request).verdict == "holds"
    page.get_by_role("button", name="Start afresh").click()
    page.wait_for_selector("html[data-lab='3']", state="attached")
    visitor.until_phase("running")
    assert page.locator("#verdict").is_hidden()
    assert visitor.trouble == []


def test_hearts_can_be_switched_off_and_do_not_move_for_who_wants_less_motion(
    simulated: Command, open_context: OpenContext
) -> None:
    visitor = Visitor(open_context(reduced_motion="reduce"), simulated.link())
    visitor.until_phase("running")
    hearts = visitor.page.locator("[data-part=hearts] > g")
    visitor.until(lambda: hearts.count() > 0, "hearts are shown")
    places: set[str] = set()
    seen = 0
    while seen < 6:
        transforms = visitor.page.evaluate(
            "[...document.querySelectorAll('[data-part=hearts] > g')].map((g) => g.getAttribute('transform'))"
        )
        places |= set(transforms)
        seen += bool(transforms)
        visitor.page.wait_for_timeout(100)
    assert len(places) <= 8, f"{len(places)} places of 8 directed ways"
    visitor.page.get_by_label("hearts move").uncheck()
    visitor.until(lambda: hearts.count() == 0, "no heart is shown")


@pytest.mark.parametrize("width", [360, 390, 768])
def test_a_phone_shows_it_without_scrolling_sideways(width: int, simulated: Command, open_context: OpenContext) -> None:
    context = open_context(viewport={"width": width, "height": 740}, has_touch=True)
    visitor = Visitor(context, simulated.link())
    visitor.until_phase("running")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    stage = visitor.page.locator("#stage svg").bounding_box()
    assert stage is not None
    assert stage["x"] >= 0
    assert stage["x"] + stage["width"] <= width
    assert stage["y"] + stage["height"] <= 1.5 * 740
    visitor.thing("link", "host-98", "A").locator(".port").tap()
    box = visitor.page.locator(".menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    visitor.page.get_by_role("menuitem", name="Cut silently").tap()
    visitor.until_words("network A cut")
    assert visitor.trouble == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_theme_of_the_system_and_of_the_button(
    scheme: str, simulated: Command, open_context: OpenContext
) -> None:
    visitor = Visitor(open_context(color_scheme=scheme), simulated.link())
    assert visitor.page.evaluate("document.documentElement.dataset.theme") == scheme
    visitor.page.locator("#theme").click()
    assert visitor.page.evaluate("document.documentElement.dataset.theme") != scheme


def test_sixty_four_hosts_are_tiles_and_each_can_be_broken(tmp_path: Path, open_context: OpenContext) -> None:
    (tmp_path / "sixty-four.toml").write_text(SIXTY_FOUR, encoding="utf-8")
    with command(str(tmp_path / "sixty-four.toml"), "--backend", "simulation", temporary=tmp_path) as running:
        visitor = Visitor(open_context(), running.link())
        visitor.until_phase("running")
        assert visitor.page.locator(".cluster [data-act=host]").count() == 64
        visitor.until(lambda: visitor.page.locator("[data-part=hearts] > g").count() >= 40, "hearts beat on the tiles")
        visitor.choose(visitor.thing("link", "host-130", "B"), "Cut silently")
        visitor.until_words("host-130 slave, network B cut")
        visitor.choose(visitor.thing("host", "host-120"), "Power off")
        visitor.until_words("host-120 no power")
        assert visitor.trouble == []


def test_the_page_says_when_the_command_has_ended(tmp_path: Path, open_context: OpenContext) -> None:
    with command("--backend", "simulation", temporary=tmp_path) as running:
        visitor = Visitor(open_context(), running.link())
        visitor.until_phase("running")
        running.process.terminate()
        visitor.page.locator("#trouble").wait_for(state="visible")
        assert "has the command ended" in visitor.page.locator("#trouble").inner_text()


@pytest.mark.packets
@pytest.mark.takes(27)
def test_on_real_packets_a_cluster_is_broken_by_click_saved_and_run_again(
    tmp_path: Path, open_context: OpenContext
) -> None:
    with command("--speed", f"{SPEED:g}", temporary=tmp_path) as running:
        visitor = Visitor(open_context(device_scale_factor=1.5), running.link())
        page = visitor.page
        visitor.until_phase("running")
        visitor.until_words("host-98 slave", "host-99 master", "host-100 slave")
        visitor.until(lambda: page.locator(".cluster .heart:not(.lost)").count() > 0, "real heartbeats are seen")

        visitor.choose(visitor.thing("link", "host-98", "A"), "Cut silently")
        visitor.until_words("host-98 slave, network A cut")
        visitor.until(lambda: page.locator(".cluster .heart.lost").count() > 0, "real heartbeats are lost")
        visitor.choose(visitor.thing("link", "host-98", "A"), "Heal")
        visitor.until_words("host-98 slave, VMs")
        visitor.until(lambda: page.locator(".cluster .heart.lost").count() == 0, "they arrive again")

        visitor.choose(visitor.thing("link", "host-100", "B"), "Take the carrier away")
        visitor.until_words("host-100 slave, network B port down")
        visitor.choose(visitor.thing("link", "host-100", "B"), "Plug in again")
        visitor.until(lambda: visitor.faults() == [], "it is plugged in")

        visitor.choose(visitor.thing("host", "host-99"), "Power off")
        visitor.until_words("host-99 no power")
        visitor.until_words("host-98 master")
        visitor.until(
            lambda: all(
                re.search(rf"host-(98|100) \w+, VMs: [^.]*{vm}", visitor.words()) for vm in ("vm-99-1", "vm-99-2")
            ),
            "the VMs of the dead host run elsewhere",
        )
        assert "host-98 is the master now" in visitor.story()
        if os.environ.get("HERZSCHLAG_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            page.mouse.move(5, 5)
            visitor.until(lambda: page.locator(".cluster .heart").count() >= 8, "many hearts are on their way")
            page.screenshot(path=PICTURES / "live.png")

        settled = visitor.clock() + 20
        visitor.until(lambda: visitor.clock() > settled, "twenty seconds pass")
        page.get_by_role("button", name="Judge").click()
        page.locator("#worst .badge").wait_for()
        verdict = page.locator("#worst .badge").inner_text().split()[-1]
        with page.expect_download() as download:
            page.get_by_role("link", name="Save as scenario").click()
        saved = tmp_path / "by-hand.toml"
        download.value.save_as(saved)
        assert visitor.trouble == []
    scenario = load(str(saved))
    assert len(scenario.steps) == 3
    again = run(
        RunRequest(scenario=scenario, backend="mininet", speed=scenario.speed, seed=0, directory=tmp_path / "again")
    )
    assert again.verdict == verdict == "holds", again.because
    virtual = run(
        RunRequest(
            scenario=scenario, backend="simulation", speed=scenario.speed, seed=0, directory=tmp_path / "virtual"
        )
    )
    assert virtual.verdict == verdict, virtual.because
