"""Failures by our word: a text alone, and frames of the user's alone."""

from __future__ import annotations

import traceback

import pytest

from herzschlag.plugin.failing import fail, hide_our_frames
from herzschlag.wrong_input import InputError, build


def test_a_failure_hides_what_it_comes_from() -> None:
    """pytest would print both, with "During handling of the above exception" between them."""
    with pytest.raises(pytest.fail.Exception, match="only this") as caught:
        try:
            raise ValueError("not this")
        except ValueError:
            fail("only this")
    assert caught.value.__suppress_context__ and not caught.value.pytrace


def test_of_a_traceback_what_is_the_users_is_left() -> None:
    try:
        build(int, "many", "hosts")
    except InputError as found:
        error = found
    ours = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert ours[:2] == [test_of_a_traceback_what_is_the_users_is_left.__name__, "build"]
    hide_our_frames(error)
    (left,) = traceback.extract_tb(error.__traceback__)
    assert left.name == test_of_a_traceback_what_is_the_users_is_left.__name__
    assert left.line == 'build(int, "many", "hosts")'
