"""One mutant in a process of its own: do the shipped scenarios notice it, and does exploration from nothing?

python -m bench.mutants.trying     reads what is asked on standard input, writes what came of it on standard output

Both play in virtual time. A scenario notices a mutant when a run of it does not hold; exploration, when a schedule
breaks a rule. A mutant that does not end is ended by its caller.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import random
import resource
import sys
import time
from collections.abc import Sequence
from types import CodeType, ModuleType

import msgspec

MEMORY_BYTES = 2 << 30
"""A fault that eats memory must not eat the machine's."""


class Asked(msgspec.Struct, frozen=True):
    module: str
    source: str
    explore_s: float
    """Of a processor."""
    seed: int


class Told(msgspec.Struct, frozen=True):
    scenario: str = ""
    """The first scenario that noticed it, and what it said; empty: none did."""
    explored: str = ""
    """What exploration found; empty: nothing."""
    schedules: int = 0


class _Instead(importlib.abc.MetaPathFinder):
    """Gives one module another source."""

    def __init__(self, module: str, source: str) -> None:
        self._module, self._source = module, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin, self._source)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    if asked.module:
        sys.meta_path.insert(0, _Instead(asked.module, asked.source))
    told = Told()
    try:
        told = msgspec.structs.replace(told, scenario=_scenarios())
        explored, schedules = _explored(asked.explore_s, asked.seed)
        told = msgspec.structs.replace(told, explored=explored, schedules=schedules)
    except Exception as error:  # What a core raises while it is imported, in either.
        told = msgspec.structs.replace(told, scenario=told.scenario or f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(msgspec.json.encode(told))


def _scenarios() -> str:
    from herzschlag.exploration.playing import play  # noqa: PLC0415 (the cores are read only now)
    from herzschlag.scenarios.from_toml import load_family, shipped  # noqa: PLC0415

    for name in shipped():
        for scenario in load_family(name):
            played = play(scenario)
            bad = [f"{f.checker}: {f.because}" for f in played.bad() if f.checker != "whole-again"]
            if played.trouble or bad:
                return f"{scenario.name}: {(played.trouble.strip().splitlines() or bad)[-1]}"[:200]
    return ""


def _explored(limit_s: float, seed: int) -> tuple[str, int]:
    from bench.explore import first_violation  # noqa: PLC0415

    found, plays, _ = first_violation(time.process_time() + limit_s, random.Random(seed))
    return (found.signature if found else ""), plays


if __name__ == "__main__":
    main()
