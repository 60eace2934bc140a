"""The course: its commands run as they are printed, and print what its pages say.

A pupil types what a chapter shows. A command that fails, or another figure than the one on the page, would teach that
the course is not to be trusted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from herzschlag.agents.states import HostState, Role
from herzschlag.scenarios.from_toml import load_family

LESSON = Path(__file__).parents[2] / "docs/lesson"
NUMBERED = "[0-9]-*.md"
CHAPTERS = sorted((LESSON / "en").glob(NUMBERED))
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.M | re.S)
BY_HAND = "# "
"""A block that begins so needs a browser or real packets."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each block of commands or of their output."""
    return [(language, text) for language, text in BLOCK.findall(page.read_text(encoding="utf-8"))]


def commands(page: Path) -> Iterator[str]:
    for language, text in blocks(page):
        if language == "sh":
            yield from (line for line in text.splitlines() if not line.startswith(BY_HAND))


def german(page: Path) -> Path:
    (found,) = (LESSON / "de").glob(f"{page.name[0]}-*.md")
    return found


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_the_commands_of_a_chapter_print_what_it_says(page: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    printed = ""
    for language, text in blocks(page):
        if language == "text":
            wanted = [" ".join(line.split()) for line in text.splitlines()]
            assert [line for line in wanted if line not in printed] == []
        elif not text.startswith(BY_HAND):
            done = subprocess.run(
                ["bash", "-e", "-c", text], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            if "herzschlag run" in text:
                printed = " ".join(done.stdout.split())


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_the_german_chapter_has_the_same_commands_and_figures(page: Path) -> None:
    """So what is tested of the one is true of the other."""

    def told(chapter: Path) -> list[tuple[str, str]]:
        return [(language, re.sub(r"^# .*\n", BY_HAND, text)) for language, text in blocks(chapter)]

    assert told(german(page)) == told(page)


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
