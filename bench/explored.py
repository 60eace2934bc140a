"""docs/exploring.json: what exploration found of each planted fault, so that the table needs no search.

This module decides what is kept of a search, which searches are still wanted, and how the table says it. It leaves
searching, and playing again on real packets, to `explore.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from bench.evidence import runs

FILE = Path(__file__).resolve().parents[1] / "docs/exploring.json"
FAULTS_LEFT_MAX = 3
"""What was found is to be made as short as this."""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of the search for one fault."""

    fault: str
    checker: str
    """That found it, with `(unknown)` where it said no more; empty: it was not found."""
    plays: int
    took_s: float
    """Of a processor."""
    limit_s: float
    date: str
    seed: int = 0
    faults_left: int | None = None
    """None: it was not made shorter."""
    scenario: str = ""
    """The shortest schedule, as TOML."""
    on_packets: str = ""
    """What the same checker said of the shortest schedule on real packets, with the fault planted there; empty: it was
    not played."""


class Kept(msgspec.Struct, frozen=True):
    """All of the file."""

    machine: str = ""
    whole_plays: int = 0
    """Schedules that were played without a planted fault."""
    whole_checker: str = ""
    """The first rule that one of them broke, which ended that search."""
    found: tuple[Told, ...] = ()


def read(file: Path = FILE) -> Kept:
    """Raises msgspec.ValidationError for a file that is not one of ours."""
    return msgspec.json.decode(file.read_bytes(), type=Kept) if file.exists() else Kept()


def add(new: Told, order: Sequence[str], file: Path = FILE) -> Kept:
    """In place of what was kept of that fault; what is of a fault that is gone goes."""
    before = read(file)
    found = {one.fault: one for one in (*before.found, new)}
    return _write(before, [found[name] for name in order if name in found], file)


def whole(told: Told, file: Path = FILE) -> Kept:
    """What came of the search with nothing planted."""
    before = msgspec.structs.replace(read(file), whole_plays=told.plays, whole_checker=told.checker)
    return _write(before, before.found, file)


def _write(kept: Kept, found: Sequence[Told], file: Path) -> Kept:
    head = msgspec.structs.replace(kept, machine=runs.machine(), found=())
    runs.write(file, head, found)
    return msgspec.structs.replace(head, found=tuple(found))


def wanted(names: Iterable[str], kept: Kept, limit_s: float, *, shorter: bool, again: bool) -> list[str]:
    """Those that were never tried, or not found within less; with `shorter` also those that were not made shorter."""
    known: Mapping[str, Told] = {} if again else {one.fault: one for one in kept.found}

    def done(name: str) -> bool:
        told = known.get(name)
        if told is None:
            return False
        return told.faults_left is not None or not shorter if told.checker else told.limit_s >= limit_s

    return [name for name in names if not done(name)]


def table(kept: Kept) -> str:
    """Of those that were tried, in the order of tests/planted."""
    hits = [one for one in kept.found if one.checker]
    days = sorted({one.date for one in kept.found})
    when = " to ".join(days if len(days) < 2 else (days[0], days[-1]))
    most = max((one.faults_left for one in hits if one.faults_left is not None), default=None)
    shorter = "" if most is None else f", made shorter to at most {most} faults"
    limit_s = max((one.limit_s for one in kept.found), default=0.0)
    how = f"{when}, {kept.machine}; at most {limit_s:g} s of a processor each"
    if kept.whole_plays:
        broke = f"{kept.whole_checker}, the last of them" if kept.whole_checker else "no rule"
        how += f"; {kept.whole_plays} schedules without a planted fault broke {broke}"
    played = [one for one in hits if one.on_packets]
    same = sum(one.on_packets == "violated" for one in played)
    packets = f" {same} of {len(played)} that were played on real packets broke the same rule there." if played else ""
    lines = [
        f"{len(hits)} of {len(kept.found)} planted faults found{shorter} ({how}).{packets}",
        "",
        "| Planted fault | Found by | Schedules | Seconds | Faults left | Real packets |",
        "|---|---|---|---|---|---|",
        *map(row, kept.found),
        "",
    ]
    return "\n".join(lines)


def row(told: Told) -> str:
    left = "" if told.faults_left is None else told.faults_left
    cells = (told.fault, told.checker or "-", told.plays, f"{told.took_s:.1f}", left, told.on_packets)
    return f"| {' | '.join(map(str, cells))} |"
