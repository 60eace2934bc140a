"""Processes of a lab that stand still, as by SIGSTOP: a stop is told by no record of theirs while it lasts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

STANDS_STILL = "Tt"
"""States of proc(5): stopped by a signal, or by a debugger."""


def stopped(ours: Iterable[int], frozen: Iterable[str], processes: Path = Path("/proc")) -> list[str]:
    """Names of those of our processes, and of their descendants, that stand still; what a user runs in the lab is left
    out. `frozen`: a process's folder for each node of which a fault wants it."""
    meant = {_network_of(Path(folder)) for folder in frozen}
    parents: dict[int, int] = {}
    still: dict[int, str] = {}
    for folder in processes.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                state, parent = rest.split()[:2]
                parents[int(folder.name)] = int(parent)
                if state in STANDS_STILL and _network_of(folder) not in meant:
                    still[int(folder.name)] = name
    roots = set(ours)
    return sorted(name for pid, name in still.items() if roots & _with_ancestors(pid, parents))


def _with_ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    found = {pid}
    while (pid := parents.get(pid, 0)) and pid not in found:
        found.add(pid)
    return found


def _network_of(process: Path) -> str:
    """The network namespace, which every node has for itself."""
    return os.readlink(process / "ns/net")  # noqa: PTH115 (it leads to no path)
