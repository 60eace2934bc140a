"""Processes of a lab that stand still, as by SIGSTOP: a stop is told by no record of theirs while it lasts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

STANDS_STILL = "Tt"
"""States of proc(5): stopped by a signal, or by a debugger."""


def stopped(frozen: Iterable[str], processes: Path = Path("/proc")) -> list[str]:
    """Names of the processes that stand still. `frozen`: a process's folder for each node of which a fault wants it."""
    meant = {_network_of(Path(folder)) for folder in frozen}
    found = []
    for folder in processes.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
                if rest.split()[0] in STANDS_STILL and _network_of(folder) not in meant:
                    found.append(name)
    return sorted(found)


def _network_of(process: Path) -> str:
    """The network namespace, which every node has for itself."""
    return os.readlink(process / "ns/net")  # noqa: PTH115 (it leads to no path)
