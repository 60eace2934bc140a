"""Marks: each verdict has a sign and a colour of its own."""

from __future__ import annotations

from typing import get_args

from herzschlag.checkers.verdict import WORDS, Mark
from herzschlag.terminal.marks import sign


def test_every_mark_is_told_by_sign_and_colour_and_word() -> None:
    marks = get_args(Mark)
    assert len({sign(mark)[0] for mark in marks}) == len({sign(mark)[1] for mark in marks}) == len(marks)
    assert set(WORDS) == set(marks)
