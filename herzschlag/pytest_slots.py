"""How many labs run at once on this machine, over all pytest processes of a user: no more than its processors bear.

Decides the number and keeps to it with one lock file per place; a process that dies gives its place back. One lab per
processor keeps timers in time at speed 10; HERZSCHLAG_LABS says otherwise. Simulated clusters need no place.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

LABS = "HERZSCHLAG_LABS"
"""Environment variable: the number of labs at once, for a machine that bears more or fewer."""
LOOK_S = 0.05


def places() -> int:
    """Labs at once. Raises ValueError for a number that is none."""
    told = os.environ.get(LABS)
    if told is None:
        return max(1, len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if not told.isdecimal() or int(told) < 1:
        raise ValueError(f"{LABS}={told!r}: say a whole number from 1 on, or leave it unset")
    return int(told)


class Place:
    """One lab's right to run."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def wait(cls, folder: Path | None = None) -> Place:
        """Take a free place; wait until there is one. Whoever has one lets it go when its lab's test is over."""
        import fcntl  # noqa: PLC0415 (Linux has it, as labs need; the rest of this file must import everywhere)

        folder = folder or Path(tempfile.gettempdir()) / f"herzschlag-labs-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        while True:
            for number in range(places()):
                descriptor = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(descriptor)
                else:
                    return cls(descriptor)
            time.sleep(LOOK_S)

    def free(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
