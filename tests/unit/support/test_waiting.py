"""Waiting for a condition: what it returns, and what the failure says when it never comes true."""

from __future__ import annotations

import pytest

from tests.support.waiting import NeverTrue, until


def test_what_the_condition_gave_comes_back() -> None:
    answers = iter(["", [], "here"])
    assert until(lambda: next(answers), "an answer", pause=lambda _: None) == "here"


def test_time_passes_between_two_looks_alone() -> None:
    """A condition that is true at once costs nothing."""
    pauses: list[float] = []
    answers = iter([False, False, True])
    assert until(lambda: next(answers), "the third", pause=pauses.append)
    assert len(pauses) == 2
    until(lambda: True, "at once", pause=pauses.append)
    assert len(pauses) == 2


def test_a_condition_that_never_comes_true_shows_its_last_value() -> None:
    with pytest.raises(NeverTrue, match=r"three runs: not within 0 s; the last state: \[\]"):
        until(list[int], "three runs", within_s=0)


def test_a_state_of_its_own_is_shown_instead() -> None:
    with pytest.raises(NeverTrue, match="the last state: two of three"):
        until(lambda: False, "three runs", within_s=0, state=lambda: "two of three")


def test_an_error_of_the_condition_ends_the_wait() -> None:
    with pytest.raises(ZeroDivisionError):
        until(lambda: 1 // 0, "nothing")
