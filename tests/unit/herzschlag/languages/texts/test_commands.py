"""The list of what commands refuse: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.commands import COMMANDS


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(COMMANDS)) == len(COMMANDS)
    assert [text for text in COMMANDS if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
