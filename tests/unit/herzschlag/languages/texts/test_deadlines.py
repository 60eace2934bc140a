"""What is said of deadlines is part of what checkers say."""

from __future__ import annotations

from herzschlag.languages.reasons import known
from herzschlag.languages.texts.checkers import CHECKERS
from herzschlag.languages.texts.deadlines import DEADLINES


def test_they_are_among_the_texts_of_the_checkers() -> None:
    assert set(DEADLINES) <= set(CHECKERS)
    assert known("alone from T+0.00 on, and master at T+35.15")
