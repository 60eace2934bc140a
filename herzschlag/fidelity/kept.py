"""What was measured of this machine, kept between calls: one file of each user.

This module decides whether it still fits: another processor, number of processors, kernel, right to a
better priority or version of Herzschlag makes it another machine.
"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import msgspec

from herzschlag.fidelity.loads import Tried, labs_at, speed_with
from herzschlag.fidelity.place import place
from herzschlag.history.records import write_whole

CPUINFO = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    processors: int
    """That this process may use."""
    model: str
    kernel: str
    root: bool
    """Whether labs get a better priority than other work."""
    herzschlag: str


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    machine: Machine
    date: str
    tried: tuple[Tried, ...]

    def labs_at(self, speed: float) -> int | None:
        return labs_at(self.tried, speed)

    def speed_with(self, labs: int) -> float | None:
        return speed_with(self.tried, labs)


def here() -> Machine:
    return Machine(
        processors=processors(),
        model=_model(),
        kernel=platform.release(),
        root=os.geteuid() == 0 if hasattr(os, "geteuid") else False,
        herzschlag=metadata.version("herzschlag"),
    )


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _model() -> str:
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def read(file: Path | None = None) -> Measured | None:
    """What was measured of this machine as it is; None where nothing was, or the file cannot be read."""
    try:
        found = msgspec.json.decode((file or place()).read_bytes(), type=Measured)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if found.machine == here() else None


def encoded(measured: Measured) -> bytes:
    """As JSON for people."""
    return msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n"


def write(measured: Measured, file: Path | None = None) -> Path:
    """Keep it. Raises OSError."""
    file = file or place()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, encoded(measured))
    return file
