"""The language that is spoken now: one of the process, and another for the length of a call.

A context variable alone would not do: threads, as the one that draws the board, begin with an empty context.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from herzschlag.languages.choice import ENGLISH, Language

_process: list[Language] = [ENGLISH]
_here: ContextVar[Language | None] = ContextVar("language", default=None)


def current() -> Language:
    return _here.get() or _process[0]


def use(language: Language) -> None:
    """From now on, in all threads of this process."""
    _process[0] = language


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """In this thread or task, until the end of the block. `speaking(ENGLISH)` is for what goes into a file of a run."""
    token = _here.set(language)
    try:
        yield
    finally:
        _here.reset(token)
