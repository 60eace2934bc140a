"""What a lab could change of the machine that it runs on: its files, its kernel's settings, its mounts, its name.

This module decides what is looked at, and tells what differs between two looks. It leaves judging to its callers, for
other work may go on beside. What a lab
may leave in the folder for its temporary files, and processes: `soak/machine.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

TOPS: dict[str, int | None] = {
    "/etc": None,
    "/var": None,
    "/opt": None,
    "/srv": None,
    "/home": None,
    "/boot": None,
    "/run": None,
    "/usr": 3,
    "/root": 2,
    "/dev/shm": 2,
}
"""Folders to how deep they are looked at; None: all of it. Deeper down are hundreds of thousands of files."""
RESTLESS = ("ns_last_pid", "stat_refresh")
"""Settings that change by themselves, besides those of random numbers and the count of terminals."""
OF_PYTHON = "/dev/shm/sem.mp-"
"""Locks that Python's processes share come and go with every program that has several."""
TOLD_MAX = 20

Look = dict[str, str]
"""What was looked at, to a text that is another when it has changed."""


def look(tops: Iterable[tuple[str, int | None]] = TOPS.items()) -> Look:
    """All of it; a fraction of a second."""
    return settings() | {path: text for top, deep in tops for path, text in _below(top, deep)}


def settings() -> Look:
    """The kernel's settings that are not of one namespace, where something is mounted, and the machine's name."""
    kernel = [path for path in Path("/proc/sys/kernel").rglob("*") if path.is_file()]
    found = {}
    for path in [*kernel, *Path("/proc/sys/vm").iterdir(), *Path("/proc/sys/net/core").iterdir()]:
        if path.name not in RESTLESS and not {"random", "pty"} & {*path.parts}:
            try:
                found[str(path)] = path.read_text(errors="replace")
            except OSError as error:
                found[str(path)] = str(error.errno)
    found["mounts"] = "\n".join(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    found["host name"] = os.uname().nodename
    return found


def changed(before: Look, after: Look) -> list[str]:
    """What came, went or is another now; of many the first ones, and how many there are."""
    found = [f"came: {path}" for path in sorted(after.keys() - before.keys())]
    found += [f"went: {path}" for path in sorted(before.keys() - after.keys())]
    found += [f"changed: {path}" for path in sorted(before.keys() & after.keys()) if before[path] != after[path]]
    return found if len(found) <= TOLD_MAX else [*found[:TOLD_MAX], f"and {len(found) - TOLD_MAX} more"]


def _below(top: str, deep: int | None) -> Iterator[tuple[str, str]]:
    """Every file and folder with its owner, mode, size and when it was changed last; of folders without the times, as
    what came or went in one is told by itself."""
    try:
        entries = list(os.scandir(top))
    except OSError:  # it is gone, or never was
        return
    for entry in entries:
        if entry.path.startswith(OF_PYTHON):
            continue
        try:
            about = entry.stat(follow_symlinks=False)
            inner = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        who = f"{about.st_mode:o} {about.st_uid} {about.st_gid}"
        yield entry.path, who if inner else f"{who} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
        if inner and deep != 1:
            yield from _below(entry.path, None if deep is None else deep - 1)
