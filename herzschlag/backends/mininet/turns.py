"""Turns to come up: at most one lab for each processor comes up at a time, over all processes of a user.

A lab takes the whole of a processor for a second or two while it comes up, and makes timers of labs that run beside it
late meanwhile: ten that came up together made each other `unknown`. This module decides who waits. A process that waits
has begun nothing, its clock included; one that has waited for long goes on all the same: another may stand still with
its turn.

A turn is a name in the abstract namespace of sockets (unix(7)): it is free again when its process ends, however it
ends, and leaves no file.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import Self

NAME = "herzschlag-comes-up"
LOOK_S = 0.02
PATIENCE_S = 30.0
"""Far above the two seconds that a lab takes to come up."""


class Turn:
    """The right to come up, until it is over."""

    def __init__(self, name: socket.socket | None) -> None:
        self._name = name

    @classmethod
    def wait(cls, name: str = "", number: int | None = None, patience_s: float = PATIENCE_S) -> Self:
        """Wait for a turn, and take it. Where no such name can be had, no process waits."""
        name = name or f"{NAME}-{os.getuid()}"
        number = number or len(os.sched_getaffinity(0))
        until_s = time.monotonic() + patience_s
        try:
            while (taken := free_turn(name, number)) is None and time.monotonic() < until_s:
                time.sleep(LOOK_S)
        except OSError:
            return cls(None)
        return cls(taken)

    def over(self) -> None:
        """Give it back; twice is the same as once."""
        if self._name is not None:
            self._name.close()
            self._name = None


def free_turn(name: str, number: int) -> socket.socket | None:
    """One of the turns that no process has; None where there is none. Raises OSError."""
    for turn in range(number):
        taken = socket.socket(socket.AF_UNIX)
        try:
            taken.bind(f"\0{name}-{turn}")
        except OSError as error:
            taken.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return taken
    return None
