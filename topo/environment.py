"""The environment of child processes: a path to import these packages, and one to an administrator's programs.

This module decides the search paths alone. An ordinary user's path on Debian lacks the sbin folders, which hold half of
a lab's tools, and a child process does not inherit the folder that these packages are imported from.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin")
IMPORTED_FROM = str(Path(__file__).absolute().parents[2])
"""The folder that `herzschlag` is imported from: `herzschlag/topo/environment.py` lies two folders below it. Not
resolved: in a checkout `herzschlag/topo` is a link."""


def environment() -> dict[str, str]:
    """This process's environment, with both paths completed."""
    return {**os.environ, "PYTHONPATH": _joined(IMPORTED_FROM, *_listed("PYTHONPATH")), "PATH": search_path()}


def search_path() -> str:
    return _joined(*_listed("PATH"), *ADMINISTRATION)


def program(name: str) -> str | None:
    """Where a program is; a path may have a `*` for a version, and of several the last one is found. A module of
    Python, which another program loads, need not be executable."""
    if "*" in name:
        name = max(map(str, Path("/").glob(name.lstrip("/"))), default=name)
    if name.endswith(".py"):
        return name if Path(name).is_file() else None
    return shutil.which(name, path=search_path())


def library_loads(name: str) -> bool:
    """Whether the dynamic linker finds this shared library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _listed(name: str) -> list[str]:
    value = os.environ.get(name)
    return value.split(os.pathsep) if value else []


def _joined(*folders: str) -> str:
    return os.pathsep.join(dict.fromkeys(folders))
