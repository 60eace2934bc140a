"""The list of what errors say: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.input import INPUT


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(INPUT)) == len(INPUT)
    assert [text for text in INPUT if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
