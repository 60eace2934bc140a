"""The wait for a condition, which is the only place in the tests that polls.

This module decides the clock, how often it looks, and what the failure says when a condition never came true: the
condition, for how long, and the last state. Nothing waits by sleeping for a guessed time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE_S = 60.0
"""Longer than any step takes on a busy machine: only a test that fails waits for that long."""
PAUSE_S = 0.02


class NeverTrue(AssertionError):
    """A condition that did not come true in time; the text has the last state."""


def until(
    condition: Callable[[], Value],
    what: str,
    *,
    within_s: float = PATIENCE_S,
    state: Callable[[], object] | None = None,
    pause: Callable[[float], object] = time.sleep,
) -> Value:
    """Look until the condition is true, and return what it gave. `state`: what to show when it never is; left out:
    what the condition gave last. `pause`: how to let time pass, for whom another clock or an event does that."""
    __tracebackhide__ = True
    deadline_s = time.monotonic() + within_s
    while not (value := condition()):
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            last = value if state is None else state()
            shown = last if isinstance(last, str) else repr(last)
            raise NeverTrue(f"{what}: not within {within_s:g} s; the last state: {shown}")
        pause(min(left_s, PAUSE_S))
    return value
