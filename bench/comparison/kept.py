"""docs/comparison.json: what the runs of the comparison showed, so that the page can be made again without them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.comparison.cases import FAULTS, SUBJECTS
from bench.comparison.seen import Seen
from bench.lines.kept import machine
from herzschlag.history.records import write_whole

FILE = Path(__file__).resolve().parents[2] / "docs/comparison.json"


class Cell(NamedTuple):
    system: str
    fault: str
    number: int
    """Of the run, from 0; it is its seed as well."""


class Played(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run."""

    system: str
    fault: str
    number: int
    seen: Seen
    left_out: str = ""
    """Why the run proves nothing: the machine was late, or a part of the harness died."""

    @property
    def cell(self) -> Cell:
        return Cell(self.system, self.fault, self.number)


class Kept(msgspec.Struct, frozen=True):
    """All of the file."""

    date: str = ""
    machine: str = ""
    versions: dict[str, str] = {}
    runs: tuple[Played, ...] = ()


def wanted(repeat: int, systems: Iterable[str] = SUBJECTS) -> list[Cell]:
    """Every system once with every fault, before any has a second run."""
    return [Cell(system, fault, number) for number in range(repeat) for fault in FAULTS for system in systems]


def missing(cells: Iterable[Cell], file: Path = FILE) -> list[Cell]:
    """Those of which no run that proves something is kept."""
    sound = {one.cell for one in read(file).runs if not one.left_out}
    return [cell for cell in cells if cell not in sound]


def read(file: Path = FILE) -> Kept:
    """Raises msgspec.ValidationError for a file that is not one of ours."""
    return msgspec.json.decode(file.read_bytes(), type=Kept) if file.exists() else Kept()


def add(new: Played, versions: dict[str, str], file: Path = FILE) -> None:
    """A run takes the place of an older one of the same cell."""
    before = read(file)
    runs = sorted(({one.cell: one for one in before.runs} | {new.cell: new}).values(), key=lambda one: one.cell)
    kept = Kept(f"{datetime.now(UTC):%Y-%m-%d}", machine(), before.versions | versions, ())
    lines = ",\n    ".join(msgspec.json.encode(one).decode() for one in runs)
    head = msgspec.json.encode(kept).decode().removesuffix("[]}")
    write_whole(file, f"{head}[\n    {lines}\n]}}\n".encode())
