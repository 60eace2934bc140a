"""Old run directories, to be removed: which there are, how large, and which may go.

This module decides that only what this program made is ever removed: a folder of runs by its name and content, a run
directory by its `run.json`. A run that goes on is left, and so is a folder in which anything else lies; links are never
followed. It leaves asking and telling to `herzschlag/cli/commands/clean.py`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from herzschlag.running.held import is_held
from herzschlag.running.run_file import LATEST, RUN_FILE, STAMPED, read_report
from herzschlag.wrong_input import InputError

OF_FOLDERS = ("summary.html",)
"""Files of ours beside the runs of a folder."""
TESTS = "pytest"
"""Folder of the plugin, whose runs lie directly in it."""
UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Old(msgspec.Struct, frozen=True):
    """A folder of runs, or a run of a test."""

    path: Path
    ended_s: float
    """Wall clock: when a run in it was last written."""
    size_bytes: int
    left_because: str = ""
    """Why it must stay; empty: it may go."""


def age_s(text: str) -> float:
    """`90m`, `12h`, `7d`, `2w` in seconds. Raises InputError."""
    found = re.fullmatch(r"([0-9]{1,6})([mhdw])", text.strip())
    if found is None:
        raise InputError("--older-than", f"is {text!r}: a number and m, h, d or w, for example 7d")
    return float(found[1]) * UNITS_S[found[2]]


def found_in(base: Path) -> list[Old]:
    """Everything of ours in a folder, the newest first."""
    if not base.is_dir():
        return []
    folders = [path for path in base.iterdir() if STAMPED.fullmatch(path.name) and _is_folder(path)]
    tests = base / TESTS
    runs = [path for path in tests.iterdir() if _is_folder(path)] if _is_folder(tests) else []
    units = [*(_folder(path) for path in folders), *(_old(path, _why_not(path), (path,)) for path in runs)]
    return sorted(units, key=lambda one: (one.ended_s, one.path), reverse=True)


def chosen(found: Sequence[Old], *, keep: int, older_than_s: float, now_s: float) -> list[Old]:
    """What may go: all but the newest `keep`, of those older than this."""
    return [one for one in found[keep:] if not one.left_because and now_s - one.ended_s > older_than_s]


def remove(one: Old) -> None:
    """Remove it, and the link that led to it. Raises OSError."""
    shutil.rmtree(one.path)
    link = one.path.parent / LATEST
    if link.is_symlink() and not link.exists():
        link.unlink()


def _folder(path: Path) -> Old:
    runs = []
    why = ""
    for item in sorted(path.iterdir()):
        if item.name in OF_FOLDERS and item.is_file() and not item.is_symlink():
            continue
        runs.append(item)
        why = why or _why_not(item)
    return _old(path, why, runs)


def _why_not(run: Path) -> str:
    """Why this must not be removed; empty: it is a run that has ended."""
    if not _is_folder(run):
        return f"{run.name} is not a run"
    try:
        report = read_report(run)
    except (OSError, msgspec.MsgspecError):
        return f"{run.name} is not a run that this version can read"
    if report.status == "running" and is_held(run):
        return f"{run.name} is running"
    return ""


def _old(path: Path, why: str, runs: Sequence[Path]) -> Old:
    times = [(run / RUN_FILE).stat().st_mtime for run in runs if (run / RUN_FILE).is_file()]
    return Old(path, max(times, default=path.stat().st_mtime), _size(path), why)


def _size(path: Path) -> int:
    sizes = [(Path(folder) / name).lstat().st_size for folder, _, names in os.walk(path) for name in names]
    return sum(sizes)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
