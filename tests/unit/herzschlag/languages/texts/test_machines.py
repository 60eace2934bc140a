"""The list of what the doctor says: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.machines import MACHINES


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(MACHINES)) == len(MACHINES)
    assert [text for text in MACHINES if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
