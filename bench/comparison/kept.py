"""docs/comparison.json: what the runs of the comparison showed, so that the page can be made again without them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.comparison.cases import FAULTS, SUBJECTS
from bench.comparison.seen import Seen
from bench.evidence import runs

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
    return runs.missing(cells, read(file).runs)


def read(file: Path = FILE) -> Kept:
    """Raises msgspec.ValidationError for a file that is not one of ours."""
    return msgspec.json.decode(file.read_bytes(), type=Kept) if file.exists() else Kept()


def add(new: Played, versions: dict[str, str], file: Path = FILE) -> None:
    """A run takes the place of an older one of the same cell."""
    before = read(file)
    found = {one.cell: one for one in before.runs} | {new.cell: new}
    ordered = sorted(found.values(), key=lambda one: one.cell)
    runs.write(file, Kept(runs.today(), runs.machine(), before.versions | versions), ordered)
