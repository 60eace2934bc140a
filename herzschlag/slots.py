"""Slots that processes share: a lock file each, in a folder of the user's. A process that dies gives its slot back.

This module decides nothing about what a slot is for: `plugin/places.py` counts labs that run, and
`backends/mininet/turns.py` those that come up.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def own_folder(name: str) -> Path:
    """A folder of this user's in the temporary directory, which is made. Raises OSError."""
    folder = Path(tempfile.gettempdir()) / f"herzschlag-{name}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def open_slot(path: Path) -> int:
    """A descriptor of the lock file, which is made; not yet locked. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def take_free(folder: Path, number: int) -> int | None:
    """Lock one of the slots that is free; None where none is. Its descriptor is the lock. Raises OSError."""
    import fcntl  # noqa: PLC0415 (Linux has it, as labs need; the rest of this file must import everywhere)

    for slot in range(number):
        descriptor = open_slot(folder / str(slot))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    return None
