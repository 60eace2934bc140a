"""Places: how many labs run at once on this machine, over all pytest processes of a user.

This module decides the number, says where it comes from, and enforces it with one lock file a place; a process that
dies gives its place back. It is what `herzschlag bench fidelity` measured here at the speed of most tests, else one lab
a processor: a lab of 3 to 16 hosts needs 3 to 11 % of one at rest at speed 10 (bench/cluster.py), but the whole of it
while it comes up, and a timer that fires late makes a test `unknown`. Simulated clusters need no place.

Processes wait in a queue, so that none is overtaken for ever; and a process that waits holds no place, so that no two
wait for each other.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from herzschlag.fidelity.place import place
from herzschlag.plugin.constants import SPEED

LABS = "HERZSCHLAG_LABS"
"""Environment variable: the number of labs at once, for a machine that can run more or fewer."""
LOOK_S = 0.05
PATIENCE_S = 30.0
"""A lab that is kept for the next test of its process is given up when another process has waited this long for a
place: far below any sensible time limit of a test, far above the 4 s that a lab takes to come up."""
_QUEUE = "queue"
_QUOTA = "cpu.max"


class Places(NamedTuple):
    """The number of labs at once, and the reason."""

    number: int
    because: str


def places(cgroups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> Places:
    """The number of labs at once. Raises ValueError if the environment variable is not a number."""
    told = os.environ.get(LABS)
    if told is not None:
        if not told.isdecimal() or int(told) < 1:
            raise ValueError(f"{LABS}={told!r}: say a whole number from 1 on, or leave it unset")
        return Places(int(told), f"{LABS} says so")
    if place().exists():
        from herzschlag.fidelity import kept  # noqa: PLC0415 (most sessions have none, and need nothing of it)

        measured = kept.read()
        if measured is not None and (labs := measured.labs_at(SPEED)) is not None:
            return Places(labs, f"it can handle them at speed {SPEED:g}, measured on {measured.date}")
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = _quota(cgroups, own)
    if quota is not None and quota < here:
        return Places(max(1, int(quota)), f"one a processor, of which the cgroup's quota gives {quota:g}")
    return Places(here, f"one a processor, of which there {'is 1' if here == 1 else f'are {here}'}")


def _quota(cgroups: Path, own: Path) -> float | None:
    """Processors that this process's cgroup may use, where there is a limit: containers have one."""
    try:
        inside = next(line for line in own.read_text().splitlines() if line.startswith("0::")).removeprefix("0::/")
    except (OSError, StopIteration):
        inside = ""
    found = []
    for folder in (cgroups / inside, *(cgroups / inside).parents):
        if not folder.is_relative_to(cgroups):
            break
        try:
            quota, period = (folder / _QUOTA).read_text().split()
        except (OSError, ValueError):
            continue
        if quota.isdecimal() and period.isdecimal() and int(period):
            found.append(int(quota) / int(period))
    return min(found, default=None)


class Place:
    """One lab's right to run; as a context manager it is free again at the end of the block."""

    def __init__(self, descriptors: list[int], folder: Path, *, alone: bool = False) -> None:
        self._descriptors = descriptors
        self._folder = folder
        self.alone = alone
        """Whether it is all of them."""

    @classmethod
    def wait(cls, folder: Path | None = None, *, alone: bool = False) -> Place:
        """Take a free place; wait until there is one, behind those who came before. `alone`: take all of them, for a
        lab whose timers must not wait for another that comes up or ends."""
        import fcntl  # noqa: PLC0415 (Linux has it, as labs need; the rest of this file must import everywhere)

        folder = folder or Path(tempfile.gettempdir()) / f"herzschlag-labs-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        came_s = time.monotonic()
        queue = _open(folder / _QUEUE)
        try:
            fcntl.flock(queue, fcntl.LOCK_EX)  # the kernel grants it in the order of the requests
            os.pwrite(queue, f"{came_s:<20.3f}".encode(), 0)
            if alone:  # the first in the queue may hold places while it waits: no other process waits for one
                taken = [_open(folder / str(number)) for number in range(places().number)]
                for descriptor in taken:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                return cls(taken, folder, alone=True)
            while True:
                for number in range(places().number):
                    descriptor = _open(folder / str(number))
                    try:
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        os.close(descriptor)
                    else:
                        return cls([descriptor], folder)
                time.sleep(LOOK_S)
        finally:
            os.close(queue)

    def wanted(self, patience_s: float = PATIENCE_S) -> bool:
        """Whether another process has waited for a place for this long."""
        import fcntl  # noqa: PLC0415

        queue = _open(self._folder / _QUEUE)
        try:
            fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            came = os.pread(queue, 100, 0).decode().strip()
            return bool(came) and time.monotonic() - float(came) >= patience_s
        else:
            return False
        finally:
            os.close(queue)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        self.free()

    def free(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
