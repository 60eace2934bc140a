"""docs/systems-check.json: what every run of other people's systems showed, so that the page needs no run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.evidence import runs
from bench.systems.cells import Case, Cell, Who
from herzschlag.checkers.verdict import Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE = DOCS / "systems-check.json"
DISTRO = DOCS / "distro-check.json"


K = TypeVar("K", bound="Kept")


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """An instant that a scenario asks for, in seconds: from the last heartbeat delivered where the system's are known,
    otherwise from the fault."""

    name: str
    least_s: float
    most_s: float
    measured_s: float
    own: bool = False
    """The range is the scenario's author's, and no document's."""


class Played(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run."""

    scenario: str
    who: Who
    number: int
    digest: str
    verdict: Verdict
    because: str = ""
    """Why it is violated."""
    left_out: str = ""
    """Why it proves nothing: the machine was late, or a part of the harness died."""
    late_ms: float = 0.0
    """The largest lateness, real milliseconds."""
    cpu_s: float = 0.0
    """Processor time of the whole lab, from its start to its end."""
    took_s: float = 0.0
    instants: tuple[Measured, ...] = ()
    left: tuple[str, ...] = ()
    """Processes, mounts and files of the run that were there when it had ended."""
    changed: tuple[str, ...] = ()
    """Files, settings and mounts of the machine that others changed meanwhile, or the run."""

    @property
    def cell(self) -> Cell:
        return Cell(self.scenario, self.who)

    @property
    def wrong(self) -> bool:
        return self.verdict == "violated" or bool(self.left)


class Kept(msgspec.Struct, frozen=True):
    """All of the file."""

    date: str = ""
    machine: str = ""
    versions: dict[str, str] = {}
    runs: tuple[Played, ...] = ()


class Elsewhere(Kept, frozen=True):
    """Runs in another Debian on the same kernel: `make distro-check SYSTEMS=1`."""

    debian: str = ""


class Distro(msgspec.Struct, frozen=True):
    """What of docs/distro-check.json is about other people's systems; the rest is of setup/distro/check.py alone."""

    systems: Elsewhere = Elsewhere()


def elsewhere(file: Path = DISTRO) -> Elsewhere:
    """Raises msgspec.ValidationError for a file that is not one of ours."""
    return msgspec.json.decode(file.read_bytes(), type=Distro).systems if file.exists() else Elsewhere()


def read(file: Path = FILE) -> Kept:
    """Raises msgspec.ValidationError for a file that is not one of ours."""
    return msgspec.json.decode(file.read_bytes(), type=Kept) if file.exists() else Kept()


def still(kept: K, cases: Iterable[Case]) -> K:
    """Without the runs of scenarios that are others now, or gone."""
    now = {(one.name, one.digest) for one in cases}
    return msgspec.structs.replace(kept, runs=tuple(one for one in kept.runs if (one.scenario, one.digest) in now))


def add(new: Played, versions: dict[str, str], cases: Iterable[Case], file: Path = FILE) -> None:
    """Beside the others of its cell; what is of a scenario that is another now goes."""
    before = still(read(file), cases)
    found = {(*one.cell, one.number): one for one in (*before.runs, new)}
    ordered = [found[key] for key in sorted(found)]
    runs.write(file, Kept(runs.today(), runs.machine(), before.versions | versions), ordered)
