"""A failure of our own code, or of what it needs of the machine: its line for the user, and its traceback in a file.

This module decides what the line says (what failed, the way out, where the traceback is) and where the traceback goes:
into the log folder of the run, or into the temporary directory without a run, or when its folder cannot be written.
It leaves the exit status to the callers.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import traceback
from pathlib import Path

from herzschlag.errors import HerzschlagError

FILE = "failure.txt"
"""In a run's `log/`."""
PREFIX = "herzschlag-failure-"
"""Of the file in the temporary directory, which serves when that folder is missing or cannot be written."""
LINE_MAX = 500
"""Characters of an error's own text. Some quote all that they were given."""
_MEMORY = "memory ran out", "raise its limit (ulimit -v, the cgroup's), or run fewer at once"
_PLACE = "make room there, or choose another place"
_WAYS_OUT = {
    errno.ENOSPC: _PLACE,
    errno.EDQUOT: _PLACE,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.ENOTDIR: "choose another place",
    errno.EROFS: "choose another place",
    errno.EACCES: "make it writable for you, or choose another place",
    errno.EIO: "the disk there fails: choose another place",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end other programs, or raise the machine's limit of open files (sysctl fs.file-max)",
    errno.ENOMEM: _MEMORY[1],
    errno.EAGAIN: "raise the limit of processes (ulimit -u, the cgroup's), or run fewer at once",
    errno.ENOENT: "it was removed meanwhile: leave the directory of a run alone until the run has ended",
}


def told(error: BaseException) -> str:
    """What failed, and the way out, in one line."""
    if isinstance(error, HerzschlagError):
        return str(error)
    if isinstance(error, MemoryError):
        return ": ".join(_MEMORY)
    if isinstance(error, OSError) and error.errno in _WAYS_OUT:
        names = [os.fsdecode(name) for name in (error.filename,) if isinstance(name, str | bytes)]
        return ": ".join([*names, os.strerror(error.errno), _WAYS_OUT[error.errno]])
    text = " ".join(str(error).split())
    what = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return f"{what[:LINE_MAX]}: this is an error in Herzschlag; please report it with its traceback"


def kept(error: BaseException, folder: Path | None = None) -> str:
    """Write the traceback. Returns where it is; when no file can be written, where in the code it happened."""
    text = "".join(traceback.format_exception(error))
    traceback.clear_frames(error.__traceback__)  # what they held may be all the memory that there was
    if folder is not None and _written(folder / FILE, text):
        return str(folder / FILE)
    with contextlib.suppress(OSError):
        descriptor, name = tempfile.mkstemp(prefix=PREFIX, suffix=".txt")
        os.close(descriptor)
        if _written(Path(name), text):
            return name
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    return f"no file could be written for it; it happened in {where}"


def line(error: BaseException, folder: Path | None = None) -> str:
    """What failed, the way out, and where the traceback is."""
    return f"{told(error)} (traceback: {kept(error, folder)})"


def _written(path: Path, text: str) -> bool:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except (OSError, MemoryError):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)  # a part of a traceback would only fill the disk
        return False
    return True
