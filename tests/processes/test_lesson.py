"""The course: its commands run as they are printed, and print what its pages say.

A pupil types what a chapter shows. A command that fails, or another figure than the one on the page, would teach that
the course is not to be trusted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from herzschlag.agents.states import HostState, Role
from herzschlag.scenarios.from_toml import load_family

LESSON = Path(__file__).parents[2] / "docs/lesson"
NUMBERED = "[0-9]-*.md"
CHAPTERS = sorted((LESSON / "en").glob(NUMBERED))
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.M | re.S)
PICTURES = LESSON.parent / "pictures/lesson"
GERMAN = " --lang de"
BY_HAND = "# "
"""A block that begins so needs a browser or real packets."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each block of commands or of their output."""
    return [(language, text) for language, text in BLOCK.findall(page.read_text(encoding="utf-8"))]


def german(page: Path) -> Path:
    (found,) = (LESSON / "de").glob(f"{page.name[0]}-*.md")
    return found


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("page", [*CHAPTERS, *map(german, CHAPTERS)], ids=lambda page: page.stem)
def test_the_commands_of_a_chapter_print_what_it_says(page: Path, tmp_path: Path) -> None:
    """In its language, whatever that of the machine is."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    printed = ""
    for language, text in blocks(page):
        if language == "text":
            assert [line for line in text.splitlines() if one_line(line) not in printed] == []
        elif not text.startswith(BY_HAND):
            done = subprocess.run(
                ["bash", "-e", "-c", text], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            if "herzschlag run" in text:
                printed = one_line(done.stdout)


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_the_german_chapter_has_the_same_commands_and_figures(page: Path) -> None:
    """So what is asked on the one page is asked on the other; German commands answer in German."""

    def told(chapter: Path) -> list[str]:
        """Commands without their language, and the figures of what they print, with a decimal point."""
        return [
            re.sub(r"^# .*\n", BY_HAND, text).replace(GERMAN, "")
            if language == "sh"
            else " ".join(
                re.findall(r"(?<![\w-])(?:T[+-])?\d+(?:\.\d+)?(?![\w-])", re.sub(r"(\d),(\d)", r"\1.\2", text))
            )
            for language, text in blocks(chapter)
        ]

    assert told(german(page)) == told(page)
    ours = re.findall(r"^herzschlag (?:run|live|packets)\b.*$", german(page).read_text(encoding="utf-8"), re.M)
    assert ours and all(command.endswith(GERMAN) for command in ours)


@pytest.mark.parametrize("folder", ["de", "en"])
def test_every_printed_picture_stands_once_on_a_page_of_its_language(folder: str) -> None:
    """Before the section on packets, that is where the text speaks of it, and not of the other language."""
    drawn = {path.name for path in (PICTURES / folder).glob("*.svg")}
    shown = []
    for page in (LESSON / folder).glob(NUMBERED):
        found = re.findall(r"^!\[.+\]\(\.\./\.\./pictures/(.+)\)$", page.read_text(encoding="utf-8"), re.M)
        assert all(name.startswith(f"lesson/{folder}/") for name in found), page.name
        shown += [Path(name).name for name in found]
    assert sorted(shown) == sorted(drawn)


@pytest.mark.parametrize("folder", ["de", "en"])
def test_every_scenario_that_a_page_names_is_shipped(folder: str) -> None:
    """In commands, also of the blocks that need a browser or real packets; and by themselves in the text."""
    for page in (LESSON / folder).glob("*.md"):
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"herzschlag (?:run|live) ([a-z0-9][\w@-]*)", text)
        named += re.findall(r"`((?:case|two|three|split|vm|nfs|lost|hundred)-[\w@-]+)`", text)
        for name in set(named) - {"vm-98-1"}:
            assert load_family(name), f"{page.name} names {name}"


@pytest.mark.parametrize("folder", ["de", "en"])
def test_a_chapter_has_all_its_parts(folder: str) -> None:
    """What one sees, questions before the run, the run, why, packets, by hand, an exercise with its solution."""
    pages = sorted((LESSON / folder).glob(NUMBERED))
    assert len(pages) == 6
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall(r"^## ", text, re.M)) == 7, page.name
        questions = text.partition("## ")[2].partition("## ")[2].partition("## ")[0]
        assert 3 <= len(re.findall(r"^\d\. .*\?", questions, re.M)) <= 4, page.name
        assert text.count("<details") == text.count("</details>") == 1, page.name


def test_the_word_list_has_every_role_and_every_state() -> None:
    words = (LESSON / "de/wortliste.md").read_text(encoding="utf-8")
    assert [name for name in (*get_args(Role), *get_args(HostState)) if f"| `{name}` |" not in words] == []
