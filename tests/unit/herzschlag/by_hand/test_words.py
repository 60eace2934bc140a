"""Roles and states as answers: as texts everywhere, but never compared with a word that no answer can be."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable

import pytest

from herzschlag.by_hand import words
from herzschlag.wrong_input import InputError


def test_an_answer_is_a_text_like_any_other() -> None:
    answer: str = words.role("master")
    assert answer == "master" and answer != "slave" and answer in ("off", "master")
    assert f"{answer}" == "master" and repr(answer) == "'master'" and json.dumps(answer) == '"master"'
    assert {answer: 1}["master"] == 1 and sorted([answer, words.role("off")]) == ["master", "off"]
    assert pickle.loads(pickle.dumps(answer)) == "master"
    other: object = 3
    assert answer != other


@pytest.mark.parametrize("wrong", ["mastr", "hostDown", "", "Master"])
def test_a_word_that_no_role_is_cannot_be_compared_with(wrong: str) -> None:
    """Otherwise `role != "mastr"` would be true for ever."""
    comparisons: tuple[Callable[[], bool], ...] = (
        lambda: words.role("master") == wrong,
        lambda: words.role("master") != wrong,
        lambda: wrong == words.role("master"),
        lambda: words.role("master") in ("off", wrong),
    )
    for compare in comparisons:
        with pytest.raises(InputError, match=f"{wrong!r} is not a role: "):
            compare()


def test_the_nearest_word_is_named() -> None:
    with pytest.raises(InputError, match="'hostDwn' is not a host's state: did you mean 'hostDown'"):
        words.state("hostDwn")
    with pytest.raises(InputError, match="'slaves' is not a role: did you mean 'slave'"):
        words.role("slaves")
    with pytest.raises(InputError, match="'slave' is not a host's state"):
        _ = words.state("unknown") == "slave"  # type: ignore[comparison-overlap]  # the type checker says so as well
