"""Processes of a lab that stand still, as by SIGSTOP: a stop is told by no record of theirs while it lasts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from herzschlag.backends.mininet.stage.look import Process, processes

STANDS_STILL = "Tt"
"""States of proc(5): stopped by a signal, or by a debugger."""


def stopped(ours: Iterable[int], frozen: Iterable[str], proc: Path = Path("/proc")) -> list[str]:
    """Names of those of our processes, and of their descendants, that stand still; what a user runs in the lab is left
    out. `frozen`: a process's folder for each node of which a fault wants it."""
    meant = {_network_of(Path(folder)) for folder in frozen}
    everyone = {one.pid: one for one in processes(proc)}
    roots = set(ours)
    found = []
    for one in everyone.values():
        with suppress(OSError):  # it ended meanwhile
            if (
                one.state in STANDS_STILL
                and roots & _with_ancestors(one.pid, everyone)
                and _network_of(one.folder) not in meant
            ):
                found.append(one.name)
    return sorted(found)


def _with_ancestors(pid: int, everyone: Mapping[int, Process]) -> set[int]:
    found: set[int] = set()
    while pid in everyone and pid not in found:
        found.add(pid)
        pid = everyone[pid].parent
    return found | {pid}


def _network_of(process: Path) -> str:
    """The network namespace, which every node has for itself."""
    return os.readlink(process / "ns/net")  # noqa: PTH115 (it leads to no path)
