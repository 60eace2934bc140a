"""Run directories that are being written: a lock on each, which its process holds as long as the run goes on.

This module decides how another process can tell a run that goes on from one whose process was killed, so that its
`run.json` still says `running`. The kernel frees the lock when the process ends, however it ends. Where the system has
no such locks every run that says it is running is believed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold the lock of an existing run directory meanwhile."""
    descriptor = _take(directory, shared=True)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def is_held(directory: Path) -> bool:
    """Whether a process holds it now."""
    try:
        import fcntl  # noqa: F401, PLC0415 (not on every system)
    except ImportError:
        return True
    descriptor = _take(directory, shared=False)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _take(directory: Path, *, shared: bool) -> int | None:
    """A descriptor with the lock; None: another process has it, or this system or file system has no locks."""
    try:
        import fcntl  # noqa: PLC0415
    except ImportError:
        return None
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
