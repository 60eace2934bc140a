"""The list of what agents say: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.agents import AGENTS


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(AGENTS)) == len(AGENTS)
    assert [text for text in AGENTS if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
