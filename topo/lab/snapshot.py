"""A copy of what a datastore holds at one moment, for hosts that are shown it from then on.

This module decides what is copied: regular files, folders, and the time stamps of files, for a heartbeat on NFS is one.
Programs of a lab can put anything on a datastore, so links, FIFOs and devices are left out, and files longer than the
datastore is large. It leaves where the copy lies and who sees it to `storage.py`.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path


def copy_regular(source: Path, target: Path, file_bytes_max: int) -> None:
    """Copy a folder. Raises OSError where the copy does not fit."""
    target.mkdir(parents=True)
    with os.scandir(source) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # a writer's temporary file, renamed meanwhile
                if entry.is_dir(follow_symlinks=False):
                    copy_regular(Path(entry.path), target / entry.name, file_bytes_max)
                elif entry.is_file(follow_symlinks=False):
                    _copy_file(entry.path, target / entry.name, file_bytes_max)


def _copy_file(source: str, target: Path, file_bytes_max: int) -> None:
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > file_bytes_max:
            return
        with target.open("wb") as copied:
            shutil.copyfileobj(file, copied)
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
