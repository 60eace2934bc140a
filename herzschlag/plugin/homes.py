"""Homes: the folder of each lab on real packets, in the temporary directory, and the end of those left behind.

This module ensures that labs of a pytest process that was killed cost no disk for long: a process holds a lock on its
home, which the kernel frees when the process ends, however it ends, and the next home of this user removes every home
whose lock is free. A process number would not do: another process may have it by then.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from herzschlag.errors import UnusableMachine

PREFIX = "herzschlag-lab-"
_GUARD = "homes"


class Home:
    """One lab's folder, ours until it is removed."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def make(cls, base: Path | None = None) -> Home:
        """A new, empty home; those that dead processes left are removed. Raises OSError and UnusableMachine."""
        base = base or Path(tempfile.gettempdir()) / f"herzschlag-labs-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
        if not _is_ours(base):
            raise UnusableMachine(f"{base} is not a folder of this user alone: remove it, or set TMPDIR")
        with _guarded(base):  # else a home could be taken for an abandoned one before it is locked
            for left in base.glob(f"{PREFIX}*"):
                _remove_if_free(left)
            path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            lock = _take(path)
        assert lock is not None, f"{path} was made under the guard, so it is free"
        return cls(path, lock)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _is_ours(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


@contextlib.contextmanager
def _guarded(base: Path) -> Iterator[None]:
    import fcntl  # noqa: PLC0415 (Linux has it, as labs need; this file must import everywhere)

    guard = os.open(base / _GUARD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
    finally:
        os.close(guard)


def _take(home: Path) -> int | None:
    """A locked descriptor of the folder; None while another process has it."""
    import fcntl  # noqa: PLC0415

    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_if_free(home: Path) -> None:
    with contextlib.suppress(OSError):  # not a folder, or removed by its owner this moment
        if (lock := _take(home)) is not None:
            shutil.rmtree(home, ignore_errors=True)
            os.close(lock)
