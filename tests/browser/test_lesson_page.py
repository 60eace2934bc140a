"""Lesson mode as a pupil takes it: in German and English, on a projector and on a phone, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herzschlag.lesson.chapter import Chapter, Language, Scene, chapters, find
from herzschlag.scenarios.from_toml import load
from tests.support.live import Command, command
from tests.support.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytest.importorskip("uvicorn", reason="the extra 'live' is missing: make setup")
pytestmark = pytest.mark.browser
OpenContext = Callable[..., "BrowserContext"]
SLAVE = find("slave")
TEACHER: dict[str, str] = {"de": "für die Lehrkraft", "en": "for the teacher"}
CLASS: dict[str, str] = {"de": "Für die Klasse", "en": "For the class"}


@pytest.fixture
def in_language(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Language, Command]]:
    language: Language = request.param
    words = ("slave", "--lang", language, "--port", "0")
    with command(*words, temporary=tmp_path, name="lesson") as running:
        yield language, running


german = pytest.mark.parametrize("in_language", ["de"], indirect=True)


def until_at(page: Page, scene: str, phase: str) -> None:
    page.wait_for_selector(f"html[data-at='{scene}'][data-phase={phase}]", state="attached", timeout=60_000)


def answer_rightly(page: Page, scene: Scene) -> None:
    for one in scene.question:
        box = page.locator("fieldset", has_text=one.ask.de).or_(page.locator("fieldset", has_text=one.ask.en))
        if one.number is not None:
            box.locator("input").fill(f"{one.number:g}")
        else:
            box.locator("input").nth([choice.right for choice in one.choices].index(True)).check()


def go_on(visitor: Visitor) -> None:
    """Let time go on, watch a little of it, and skip to the answers. The page's clock goes by our hand meanwhile: else
    a scene might be over, in five seconds, before a busy machine looks."""
    page = visitor.page
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.locator("#go").click()
    page.wait_for_selector("html[data-playing]", state="attached")

    def something_happens() -> bool:
        page.clock.run_for(100)
        return page.locator("#moments li").count() >= 1

    visitor.until(something_happens, "something happens")
    assert page.locator(".answer").count() == 0
    page.locator("#go").click()
    page.clock.resume()
    page.locator(".answer").first.wait_for()


def words_of(page: Page) -> str:
    """Everything that is read, the drawing included."""
    told: str = page.evaluate("document.body.innerText")
    labels = page.evaluate("[...document.querySelectorAll('[aria-label], [title]')].map((e) => e.ariaLabel || e.title)")
    return "\n".join([told, *labels])


FOREIGN = {
    "de": r"\b(the|and|is|of|to|at|by|its?|networks?|runs|no|not|fails|watched|power|failed|light|dark|cut|you|seconds?"
    r"|gateway|vcenter|heartbeats?|packets?|arrived|lost|answers?|questions?|hears?|knows?|connected|partitioned)\b",
    "en": r"\b(der|die|das|und|ist|nicht|Netz|Netze|kein|ausgefallen|hell|dunkel|Sie|stimmt)\b",
}
"""Words that are of the other language alone, by the language of the page."""


CUT = """() => [...document.querySelectorAll("section :is(td, p, b, small, label, button, summary, h2, h3)")]
  .filter((one) => one.checkVisibility())
  .filter((one) => one.getBoundingClientRect().right > one.closest("section").getBoundingClientRect().right)
  .map((one) => one.textContent)"""
"""Texts that reach out of their part of the page, where a reader does not see their end."""


def foreign(seen: str, language: str, chapter: Chapter) -> list[str]:
    for name in ("English", "Deutsch", *(scene.scenario for scene in chapter.scene)):
        seen = seen.replace(name, "")
    return re.findall(FOREIGN[language], seen)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_a_whole_chapter_as_a_pupil_takes_it(
    chapter: Chapter, width: int, language: Language, open_context: OpenContext, tmp_path: Path
) -> None:
    """Every scene of it: nothing is told before its time, all in one language, nothing wider than the screen."""
    with command(chapter.name, "--lang", language, "--port", "0", temporary=tmp_path, name="lesson") as running:
        visitor = Visitor(open_context(viewport={"width": width, "height": 844}), running.link(TEACHER[language]))
        page = visitor.page
        seen = ""
        for number, scene in enumerate(chapter.scene, 1):
            at = f"{chapter.number}.{number}"
            until_at(page, at, "ask")
            assert page.locator("#before").inner_text() == scene.before.told(language).replace("`", "").replace("*", "")
            for question in scene.question:
                assert question.why.told(language) not in page.content()
            assert page.locator("#told").is_hidden()
            seen += words_of(page)
            answer_rightly(page, scene)
            go_on(visitor)
            until_at(page, at, "told")
            assert page.locator(".answer.good").count() == len(scene.question)
            assert page.locator("#moments li").count() == len(scene.happened)
            assert page.locator(".packet").count() == len(scene.wire)
            assert page.locator(".mind").count() == 1 + len(load(scene.scenario).cluster.topology().moids)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.locator("#second summary").click()
            assert page.evaluate(CUT) == []
            seen += words_of(page)
            if number < len(chapter.scene):
                page.locator("#next").click()
        last, asked = chapter.scene[-1].scenario, str(len(chapter.questions))
        assert page.locator("#command").inner_text().startswith(f"herzschlag live {last}")
        assert page.locator("#score").inner_text().count(asked) == 2, "all were answered, all of them rightly"
        page.reload()
        until_at(page, f"{chapter.number}.{len(chapter.scene)}", "told")
        assert page.locator("#score").inner_text().count(asked) == 2, "progress is kept in the browser"
        assert foreign(seen, language, chapter) == []
        assert visitor.trouble == []


@german
def test_the_class_watches_answers_for_itself_and_moves_nothing(
    in_language: tuple[Language, Command], open_context: OpenContext
) -> None:
    _, running = in_language
    teacher = Visitor(open_context(), running.link(TEACHER["de"]))
    pupil = Visitor(open_context(viewport={"width": 390, "height": 844}), running.link(CLASS["de"]))
    for visitor in (teacher, pupil):
        until_at(visitor.page, "2.1", "ask")
    assert pupil.page.locator("#go").is_hidden()
    assert pupil.page.locator("#chapters button:enabled").count() == 0
    pupil.page.locator("fieldset input").nth(2).check()
    pupil.until(lambda: "Warten Sie" in pupil.page.locator("#hint").inner_text(), "the pupil waits")
    pupil.page.evaluate("document.getElementById('go').click()")  # hidden, and refused by the server
    pupil.until(lambda: "Lehrkraft" in pupil.page.locator("#hint").inner_text(), "the server refuses")
    until_at(teacher.page, "2.1", "ask")
    go_twice = teacher.page.locator("#go")
    go_twice.click()
    assert "zweiter Druck" in teacher.page.locator("#hint").inner_text()
    go_twice.click()
    until_at(pupil.page, "2.1", "told")
    pupil.until(lambda: pupil.page.locator(".answer.bad").count() == 1, "its own answer was wrong")
    teacher.page.locator(".answer").wait_for()
    assert "Nicht beantwortet" in teacher.page.locator(".answer").inner_text()
    late = Visitor(open_context(), pupil_link(teacher))
    until_at(late.page, "2.1", "told")
    assert late.page.locator(".answer").count() == 1
    assert pupil.trouble == teacher.trouble == []


def pupil_link(teacher: Visitor) -> str:
    """The class's link, as the teacher's page shows it."""
    teacher.page.locator("#share").click()
    teacher.until(lambda: teacher.page.locator("#look").input_value(), "there is a link")
    return teacher.page.locator("#look").input_value()


@german
def test_the_keyboard_is_enough(in_language: tuple[Language, Command], open_context: OpenContext) -> None:
    _, running = in_language
    visitor = Visitor(open_context(), running.link(TEACHER["de"]))
    page = visitor.page
    until_at(page, "2.1", "ask")
    page.keyboard.press("Tab")
    assert visitor.focused() == "Zu den Fragen"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("fieldset input").first.is_checked()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    assert visitor.focused() == "Die Zeit weiterlaufen lassen"
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-playing]", state="attached")
    page.keyboard.press("Enter")
    page.locator(".answer.good").wait_for()
    assert visitor.focused() == "Die Antworten"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#moments button").first.get_attribute("aria-pressed") == "true"
    assert "T+0," in page.locator("#clock").inner_text()


@german
def test_an_instant_shows_what_each_agent_knew_then(
    in_language: tuple[Language, Command], open_context: OpenContext
) -> None:
    _, running = in_language
    visitor = Visitor(open_context(reduced_motion="reduce"), running.link(TEACHER["de"]))
    page = visitor.page
    until_at(page, "2.1", "ask")
    answer_rightly(page, SLAVE.scene[0])
    page.locator("#go").click()
    until_at(page, "2.1", "told")
    master = page.locator(".mind.master")
    page.locator("#moments button").nth(0).click()
    assert "host-98: verbunden" in master.inner_text()
    assert "kann es noch nicht besser wissen" in master.inner_text()
    page.locator("#slider").fill("-1")
    visitor.until_words("host-98")
    assert "T-1,0" in page.locator("#clock").inner_text()


@german
def test_the_language_is_switched_on_the_page(in_language: tuple[Language, Command], open_context: OpenContext) -> None:
    _, running = in_language
    page = Visitor(open_context(), running.link(TEACHER["de"])).page
    until_at(page, "2.1", "ask")
    assert page.locator("#title").inner_text() == SLAVE.title.de
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Deutsch").wait_for()
    until_at(page, "2.1", "ask")
    assert page.locator("#title").inner_text() == SLAVE.title.en
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#chapters button").count() == len(chapters())
