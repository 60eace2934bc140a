"""docs/bad-lines.json: what real packets showed, kept so that the page can be made again without them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from bench.evidence import runs
from bench.lines.play import SPEED, Cell, Real
from bench.lines.sweeps import SWEEPS

FILE = Path(__file__).resolve().parents[2] / "docs/bad-lines.json"


class Kept(msgspec.Struct, frozen=True):
    """All of the file."""

    date: str = ""
    machine: str = ""
    speed: float = SPEED
    runs: tuple[Real, ...] = ()


def missing(cells: Iterable[Cell], file: Path = FILE) -> list[Cell]:
    """Those of which no run that proves something is kept."""
    return runs.missing(cells, read(file).runs)


def wanted_cells(sweeps: Iterable[str]) -> list[Cell]:
    """The runs on real packets of these sweeps."""
    return [
        Cell(name, points.series, value, seed)
        for name in sweeps
        if (points := SWEEPS[name].points) is not None
        for value in points.values
        for seed in range(points.seeds)
    ]


def read(file: Path = FILE) -> Kept:
    """What is kept of the present sweeps; nothing, if there is no file. Raises msgspec.ValidationError for a file that
    is not one of ours."""
    if not file.exists():
        return Kept()
    kept = msgspec.json.decode(file.read_bytes(), type=Kept)
    present = set(wanted_cells(SWEEPS))
    return msgspec.structs.replace(kept, runs=tuple(one for one in kept.runs if one.cell in present))


def add(new: Iterable[Real], file: Path = FILE) -> None:
    """A run takes the place of an older one of the same cell."""
    found = {one.cell: one for one in read(file).runs} | {one.cell: one for one in new}
    order = {cell: at for at, cell in enumerate(wanted_cells(SWEEPS))}
    ordered = sorted(found.values(), key=lambda one: order[one.cell])
    runs.write(file, Kept(runs.today(), runs.machine(), SPEED), ordered)
