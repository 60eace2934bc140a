"""The directory of a campaign: a run directory for each run that is complete, and the pages over all.

This module decides when a run is there (it finished, and is what the campaign file now asks for), that a run appears
whole or not at all, and that one command at a time works in such a directory. What came from a worker is written by
this process alone, so workers need no folder in common with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from herzschlag.campaign.matrix import Campaign, Cell
from herzschlag.campaign.parcel import Files, ParcelError, lay_out
from herzschlag.campaign.work import SCENARIO_FILE, Delivery, read_delivery
from herzschlag.history.records import write_whole
from herzschlag.report.summary import Entry
from herzschlag.running.run_file import RunReport, read_report, write_report
from herzschlag.wrong_input import InputError

CAMPAIGN_FILE = "campaign.toml"
LOCK_FILE = ".lock"
PART, OLD = ".part", ".old"
"""Suffixes of a run that is being written, and of a failed one while it is replaced; both begin with a dot."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the campaign that is in its directory."""

    cell: Cell
    entry: Entry
    """Without findings and texts, which the run directory has: a campaign has many runs."""
    delivery: Delivery

    @property
    def complete(self) -> bool:
        """Whether it need not be run again: it ended by itself, with a verdict about the cluster."""
        return self.entry.file.status == "finished"


class Folder:
    """Use `open_folder`, which holds its lock meanwhile."""

    def __init__(self, path: Path, campaign: Campaign) -> None:
        self.path = path
        self._campaign = campaign

    def there(self) -> Iterator[Played]:
        """The runs of the campaign that have been played. Raises InputError where another run has the name of one."""
        for cell in self._campaign.cells:
            if (played := self._read(cell)) is not None:
                yield played

    def store(self, cell: Cell, files: Files) -> Played:
        """Write a run that arrived; an earlier one of that name, which failed, goes. Raises ParcelError and OSError."""
        final = self.path / cell.name
        part, old = (self.path / f".{cell.name}{suffix}" for suffix in (PART, OLD))
        shutil.rmtree(part, ignore_errors=True)
        lay_out(files, part)
        try:
            report = read_report(part)
            write_report(self._as_here(cell, report), part)
            read_delivery(part)
        except (OSError, msgspec.MsgspecError) as error:
            shutil.rmtree(part, ignore_errors=True)
            raise ParcelError(f"{cell.name}: what arrived is not a run: {error}") from None
        if final.exists():
            final.rename(old)
        part.rename(final)
        shutil.rmtree(old, ignore_errors=True)
        played = self._read(cell)
        assert played is not None
        return played

    def sweep(self) -> None:
        """Clear away what a killed command left: a part is not a run; an old one whose place is empty is put back."""
        for part in self.path.glob(f".*{PART}"):
            shutil.rmtree(part, ignore_errors=True)
        for old in self.path.glob(f".*{OLD}"):
            final = self.path / old.name.removeprefix(".").removesuffix(OLD)
            if final.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(final)

    def _read(self, cell: Cell) -> Played | None:
        directory = self.path / cell.name
        try:
            report, delivery = read_report(directory), read_delivery(directory)
        except (OSError, msgspec.MsgspecError):
            return None  # not there, or not whole: it is run
        asked = (cell.scenario.name, cell.scenario.text, cell.backend, cell.speed, cell.seed)
        if (report.scenario, report.scenario_text, report.backend, report.speed, report.seed) != asked:
            raise InputError(
                "",
                f"{directory}: holds a run of another scenario text than the campaign file now names: choose another"
                " directory with --out, or remove that one",
            )
        slim = msgspec.structs.replace(report, findings=(), scenario_text="", versions={}, capture=None)
        entry = Entry(
            directory=directory,
            file=slim,
            detection_s=delivery.detection_s,
            failover_s=delivery.failover_s,
            length_s=0.0,
            case=cell.case,
        )
        return Played(cell=cell, entry=entry, delivery=delivery)

    def _as_here(self, cell: Cell, report: RunReport) -> RunReport:
        """With the paths of this machine."""
        final = self.path / cell.name
        repeat = report.repeat
        if cell.edited:
            _, at, variant = cell.scenario.name.partition("@")
            repeat = (
                f"herzschlag run {final / SCENARIO_FILE}{at}{variant} --backend {cell.backend} --speed {cell.speed:g}"
                f" --seed {cell.seed}"
            )
        return msgspec.structs.replace(report, directory=str(final), repeat=repeat)


@contextlib.contextmanager
def open_folder(path: Path, campaign: Campaign) -> Iterator[Folder]:
    """Make or take up the directory, and hold it. Raises InputError, also for a directory that is something else."""
    try:
        if path.exists() and not (path / CAMPAIGN_FILE).is_file() and any(path.iterdir()):
            raise InputError("--out", f"{path}: is not empty, and not the directory of a campaign: choose another")
        path.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            (path / ".gitignore").write_text("# Made by herzschlag.\n*\n", encoding="utf-8")
            write_whole(path / CAMPAIGN_FILE, campaign.text.encode())
            folder = Folder(path, campaign)
            folder.sweep()
            yield folder
    except (NotADirectoryError, PermissionError) as error:
        raise InputError("--out", f"{path}: cannot be used: {error.strerror}; choose another directory") from None


def strangers(folder: Folder, cells: Iterable[Cell]) -> list[str]:
    """Names of run directories that the campaign file no longer asks for; they stay, and are in no page."""
    known = {cell.name for cell in cells}
    inside = (path for path in folder.path.iterdir() if path.is_dir() and path.name[0] != ".")
    return sorted(path.name for path in inside if path.name not in known)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The kernel frees the lock however this process ends. Without such locks on this system, none is taken."""
    try:
        import fcntl  # noqa: PLC0415 (not on every system)
    except ImportError:
        yield
        return
    descriptor = os.open(path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError("", f"{path}: another herzschlag campaign works in it: wait for it, or end it") from None
        yield
    finally:
        os.close(descriptor)
