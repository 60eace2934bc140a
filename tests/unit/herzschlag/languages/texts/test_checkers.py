"""The list of what checkers say: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.checkers import CHECKERS


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(CHECKERS)) == len(CHECKERS)
    assert [text for text in CHECKERS if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
