"""How a test fails by our word: in the fewest lines, and without a line of ours between the test and the reason.

This module decides what is hidden of a failure: frames of this package behind a user's line, and what an error was
raised from. Errors that are our own mistake (a failed assertion, a KeyError) keep every frame.
"""

from __future__ import annotations

import types
from typing import NoReturn

import pytest

PACKAGE = __name__.partition(".")[0]


def fail(text: str) -> NoReturn:
    """Fail the test with this text alone."""
    __tracebackhide__ = True
    raise pytest.fail.Exception(text, pytrace=False) from None


def hide_our_frames(error: BaseException) -> None:
    """Leave of the traceback what is the user's, or pytest's."""
    kept: list[types.TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        if str(entry.tb_frame.f_globals.get("__name__", "")).partition(".")[0] != PACKAGE:
            kept.append(entry)
        entry = entry.tb_next
    made: types.TracebackType | None = None
    for entry in reversed(kept):
        made = types.TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    error.__traceback__ = made
