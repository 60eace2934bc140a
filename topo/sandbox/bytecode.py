"""Bytecode of these packages, made before a sandbox starts, because inside their folder is read-only.

Python keeps the bytecode of what it imports beside the source. A checkout's processes inside could not, and would
compile again in every lab what only runs there. This file decides what is compiled anew; where all bytecode is there
already, it costs a look at some 300 files, which takes 4 ms.
"""

from __future__ import annotations

import contextlib
import os
import py_compile
import struct
import sys
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

from herzschlag.topo.environment import IMPORTED_FROM


def compile_what_is_stale(package: Path = Path(IMPORTED_FROM) / "herzschlag") -> int:
    """Bring the bytecode of a package up to date, if it may be written. Returns how many files were compiled."""
    if sys.dont_write_bytecode:
        return 0
    compiled = 0
    for source in _sources(str(package)):
        if not _is_fresh(source):
            with contextlib.suppress(OSError, py_compile.PyCompileError):  # its importer says it better
                py_compile.compile(source.path, doraise=True)
                compiled += 1
    return compiled


def _sources(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry
            elif entry.is_dir() and not entry.name.startswith((".", "__")):
                yield from _sources(entry.path)


def _is_fresh(source: os.DirEntry[str]) -> bool:
    """By the rule of PEP 552: magic number, flags, then the source's time and size."""
    try:
        with open(cache_from_source(source.path), "rb") as cached:  # noqa: PTH123 (hundreds of files: every call counts)
            head = cached.read(16)
    except OSError:
        return False
    if head[:4] != MAGIC_NUMBER:
        return False
    flags, time_s, size = struct.unpack("<3I", head[4:])
    if flags:
        return True  # by hash: its installer looks after it
    found = source.stat()
    return (time_s, size) == (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
