"""The ways to stop a run: SIGINT, SIGTERM or SIGHUP, and the death of the process that started it.

This module decides that a polite kill (SIGTERM, SIGHUP) ends a run as Ctrl-C does, so that its directory says
`interrupted`, and that a run of a batch ends with its batch, also when the batch is killed without a chance to say so:
it holds one end of a pipe, the run reads the other, and the kernel closes it.

No interrupt is lost. Python runs the handler wherever the main thread is, and where that is a callback of a weak
reference (every import has one) or a finalizer, it prints the exception and goes on. Such an interrupt is raised again
a moment later.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_S = 0.01
"""After how long an interrupt that Python could not pass on is raised again."""


def end_politely() -> None:
    """Make these signals raise KeyboardInterrupt from now on, also where a shell started us with SIGINT ignored."""
    _end_with(_interrupt)


def end_politely_once() -> None:
    """Do the same in a run of a batch, which a terminal, the batch and the lifeline may all interrupt at once: a second
    interrupt must not break off the writing that the first one began."""
    _end_with(_interrupt_once)


def end_with(lifeline: int) -> None:
    """Interrupt this process when the other end of the pipe is closed."""

    def wait() -> None:
        os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def _end_with(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in SIGNALS:
        signal.signal(number, handler)
    signal.signal(signal.SIGALRM, _interrupt)
    sys.unraisablehook = _unraisable


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Called by Python for an exception that it cannot pass on. The hook itself cannot raise either: a timer does."""
    if isinstance(lost.exc_value, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    else:
        sys.__unraisablehook__(lost)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    _interrupt(number, frame)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt
