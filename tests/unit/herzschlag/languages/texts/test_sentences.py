"""The list of sentences that a checker quotes: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.sentences import SENTENCES


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)
    assert [text for text in SENTENCES if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
