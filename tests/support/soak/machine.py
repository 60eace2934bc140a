"""What a machine has now: figures of all of it, and what of it is ours, so that whatever is left can be named.

Ours is what carries a mark in its environment, lies in a folder that we named, or has a name that only a lab gives.
Everything else that comes meanwhile is told as well, and fails nothing: other work goes on beside.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.support.marked import MARK, processes

SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run")
TEMPORARY = ("/tmp/", "/var/tmp/")
"""Programs of ours have a folder for temporary files that we named; here other people's may write theirs."""
OURS = re.compile(r"herzschlag|(^|/)(s[AB]-)?host-\d|^s[AB](-|$)|^(gateway|vcenter)-")
"""Names of interfaces, mounts, cgroups and files that come from a lab."""
ENDS_WITHIN_S = 15.0
"""The kernel takes a moment to end a process namespace, and longer on a busy machine."""


class Figures(msgspec.Struct, frozen=True):
    """One look at the whole machine and at one long-lived process of ours; memory in MB."""

    at_s: float
    descriptors: int
    """Open files of the machine, as the kernel counts them."""
    memory_available: int
    shared_memory: int
    """What tmpfs holds: the datastores of every lab, on this machine also /tmp of some systems."""
    net_namespaces: int
    """As the kernel's allocator counts them, so that one without a process counts as well; 0 where it does not tell."""
    mounts: int
    processes: int
    interfaces: int
    cgroups: int
    own_descriptors: int
    own_memory: float


class Names(NamedTuple):
    """Everything that has a name, as it was at one moment."""

    mounts: frozenset[str]
    interfaces: frozenset[str]
    cgroups: frozenset[str]
    files: frozenset[str]


def figures(began_s: float) -> Figures:
    memory = _table(Path("/proc/meminfo"))
    return Figures(
        at_s=round(time.monotonic() - began_s, 1),
        descriptors=int(Path("/proc/sys/fs/file-nr").read_text().split()[0]),
        memory_available=memory.get("MemAvailable", 0) // 1024,
        shared_memory=memory.get("Shmem", 0) // 1024,
        net_namespaces=_allocated("net_namespace"),
        mounts=len(_mounts()),
        processes=sum(entry.name.isdigit() for entry in Path("/proc").iterdir()),
        interfaces=len(_entries("/sys/class/net")),
        cgroups=len(_cgroups()),
        own_descriptors=descriptors_of(os.getpid()),
        own_memory=memory_of(os.getpid()),
    )


def names() -> Names:
    return Names(
        frozenset(_mounts()),
        frozenset(_entries("/sys/class/net")),
        frozenset(_cgroups()),
        frozenset(f"{folder}/{name}" for folder in SHARED_FOLDERS for name in _entries(folder)),
    )


def new(before: Names, after: Names) -> tuple[list[str], list[str]]:
    """(What came meanwhile and has a name of ours, what else came)."""
    ours: list[str] = []
    others: list[str] = []
    for kind, old, now in zip(Names._fields, before, after, strict=True):
        for name in sorted(now - old):
            named = OURS.search(name) and not name.startswith(TEMPORARY)
            (ours if named else others).append(f"{kind}: {name}")
    return ours, others


def left(mark: str, temporary: Path) -> list[str]:
    """What runs with this mark left, once the kernel had time to end it; nothing when all is well."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while (alive := processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    found = [f"process {pid}: {kind}" for pid, kind in sorted(alive.items())]
    found += [f"file: {path}" for path in sorted(temporary.rglob("*"))]
    found += [f"mount: {line}" for line in sorted(_mounts()) if str(temporary) in line]
    return found


def descriptors_of(pid: int) -> int:
    return len(_entries(f"/proc/{pid}/fd"))


def memory_of(pid: int) -> float:
    """Resident, MB; 0 for a process that has ended."""
    try:
        return round(_table(Path(f"/proc/{pid}/status")).get("VmRSS", 0) / 1024, 1)
    except OSError:
        return 0.0


def marked(mark: str, temporary: Path) -> dict[str, str]:
    """The environment of a program of ours: found by its mark, its temporary files in a folder of their own."""
    temporary.mkdir(parents=True, exist_ok=True)
    return {**os.environ, MARK: mark, "TMPDIR": str(temporary), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


def _table(path: Path) -> dict[str, int]:
    """`Name: number kB` lines."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 (also of a folder of /proc that is gone)
    except OSError:
        return []


def _mounts() -> list[str]:
    """Where something is mounted, and what."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [f"{line.split()[4]} {line.partition(' - ')[2]}" for line in lines]


def _cgroups() -> list[str]:
    """All of them, in both hierarchies."""
    return [folder for folder, _, _ in os.walk("/sys/fs/cgroup")]


def _allocated(cache: str) -> int:
    try:
        return int(Path(f"/sys/kernel/slab/{cache}/objects").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
