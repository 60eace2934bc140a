"""Processes of a lab on real packets, as this side of its sandbox numbers them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol


class Sandboxed(Protocol):
    """A session on real packets."""

    @property
    def sandbox_pid(self) -> int: ...

    @property
    def pids(self) -> dict[str, int]: ...


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def inside(session: Sandboxed) -> dict[int, dict[str, str]]:
    """Every living process of the sandbox: its pid here to its status, with `inner`, its pid there."""
    everyone = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                everyone[int(entry.name)] = status_of(int(entry.name))
    found = {}
    for pid, status in everyone.items():
        numbers = status["NSpid"].split()
        up = pid
        while up in everyone and up not in (0, 1, session.sandbox_pid):
            up = int(everyone[up]["PPid"])
        if up == session.sandbox_pid and not status["State"].startswith("Z"):
            found[pid] = status | {"inner": numbers[1] if len(numbers) > 1 else ""}
    return found


def outer_pid(session: Sandboxed, name: str) -> int:
    """Of machinery or a node's first process (by its name at the stage), or of a process by its own name."""
    inner = session.pids.get(name)
    for pid, status in inside(session).items():
        if (inner is not None and status["inner"] == str(inner)) or (inner is None and status["Name"] == name[:15]):
            return pid
    raise AssertionError(f"no process {name!r} in the sandbox")


def node_pid(session: Sandboxed, node: str) -> int:
    """Of the first process of a node, which holds its namespaces."""
    for pid in inside(session):
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(f"{node}:\0".encode()):
            return pid
    raise AssertionError(f"no first process of {node!r} in the sandbox")


def names(session: Sandboxed) -> list[str]:
    return [status["Name"] for status in inside(session).values()]
