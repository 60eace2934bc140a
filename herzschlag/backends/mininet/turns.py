"""Turns to come up: at most one lab for each processor comes up at a time, over all processes of a user.

A lab takes the whole of a processor for a second or two while it comes up, and makes timers of labs that run beside it
late meanwhile: eight that came up together made each other `unknown`. This module decides who waits. A process that
waits has begun nothing, its clock included; one that has waited for long goes on all the same: another may stand still
with its turn.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Self

from herzschlag.slots import own_folder, take_free

LOOK_S = 0.02
PATIENCE_S = 30.0
"""Far above the two seconds that a lab takes to come up."""


class Turn:
    """The right to come up, until it is over."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    @classmethod
    def wait(cls, folder: Path | None = None, number: int | None = None, patience_s: float = PATIENCE_S) -> Self:
        """Wait for a turn, and take it. Where no lock file can be made, no process waits."""
        number = number or len(os.sched_getaffinity(0))
        until_s = time.monotonic() + patience_s
        try:
            folder = folder or own_folder("starts")
            while (descriptor := take_free(folder, number)) is None and time.monotonic() < until_s:
                time.sleep(LOOK_S)
        except OSError:
            return cls(None)
        return cls(descriptor)

    def over(self) -> None:
        """Give it back; twice is the same as once."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
