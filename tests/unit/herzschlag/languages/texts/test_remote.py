"""The list of what `herzschlag remote` says: each once, and none that any text would match."""

from __future__ import annotations

import re

from herzschlag.languages.texts.remote import REMOTE


def test_each_is_listed_once_and_says_something() -> None:
    assert len(set(REMOTE)) == len(REMOTE)
    assert [text for text in REMOTE if not re.search(r"[A-Za-z]{2}", re.sub(r"\{\w+\}", "", text))] == []
