"""Processes that the kernel ended because memory ran out: what a run whose process died says of it.

The kernel counts them for the whole machine, those of a cgroup with a limit included, so the sentence does not claim
that it was a process of this run.
"""

from __future__ import annotations

from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def killed_so_far(vmstat: Path = VMSTAT) -> int:
    """Since the machine started; 0 where it is not counted."""
    try:
        rows = (line.split() for line in vmstat.read_text().splitlines())
        return next((int(row[1]) for row in rows if row[0] == "oom_kill"), 0)
    except OSError:
        return 0


def killed_since(before: int, vmstat: Path = VMSTAT) -> str:
    """What to add to the reason why something died; empty if memory did not run out meanwhile."""
    count = killed_so_far(vmstat) - before
    if count <= 0:
        return ""
    processes = "a process" if count == 1 else f"{count} processes"
    return (
        f"; meanwhile memory ran out and the kernel ended {processes} for it:"
        " raise its limit (the cgroup's), or run fewer at once"
    )
