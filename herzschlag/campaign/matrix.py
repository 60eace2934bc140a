"""A campaign file: reads TOML and returns every run of its matrices.

This module decides what such a file can say, the name of each run (that of its directory), and what is refused before
anything starts: unknown keys, a speed that shows nothing, two runs of one name. It leaves scenarios to
`herzschlag/scenarios`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import tomli_w

from herzschlag.backends.names import BackendName
from herzschlag.checkers.pace import too_fast
from herzschlag.scenarios.from_toml import load_family, loads_family
from herzschlag.scenarios.model import Cluster, Profile, Scenario
from herzschlag.scenarios.validation import check_speed
from herzschlag.topo.spec import Captured, Datapath
from herzschlag.wrong_input import InputError, build, join

RUNS_MAX = 100_000
REPEAT_MAX = 1000
FILE_BYTES_MAX = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """A run for each combination of what its lists have."""

    scenarios: tuple[str, ...]
    """Names of shipped scenarios, or files, from the folder of the campaign file."""
    seeds: tuple[int, ...] | str = (0,)
    """Whole numbers, or a range as in "0-99"."""
    speeds: tuple[float, ...] = ()
    """Left out: each scenario's own."""
    backends: tuple[BackendName, ...] = ("mininet",)
    profiles: tuple[Profile, ...] = ()
    """Whose timers the agents have; left out: each scenario's own."""
    repeat: int = 1
    """How many times each of them is run."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The campaign file as it is written."""

    name: str
    datapath: Datapath = "auto"
    capture: Captured = "heartbeats"
    capture_limit_mb: int | None = None
    matrix: tuple[Matrix, ...]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a campaign."""

    name: str
    scenario: Scenario
    backend: BackendName
    speed: float
    seed: int
    edited: bool = False
    """Whether its text is not that of its file: a profile was put into it."""

    @property
    def case(self) -> str:
        """Runs of one case differ by seed and repetition alone."""
        profile = self.scenario.cluster.profile
        other = "" if profile == Cluster().profile else f" {profile}"
        return f"{self.scenario.name} {self.backend} x{self.speed:g}{other}"


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    text: str
    """The file as it was read."""
    datapath: Datapath
    capture: Captured
    capture_limit_mb: int | None
    cells: tuple[Cell, ...]


def load_campaign(path: Path) -> Campaign:
    """Read a campaign file. Raises InputError and ScenarioError."""
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        text = raw.decode()
        data = tomllib.loads(text)
    except OSError as error:
        raise InputError("", f"{path}: cannot be read: {error.strerror}; check the path") from None
    except UnicodeDecodeError as error:
        raise InputError("", f"{path}: is not UTF-8 text (byte {error.start}): a campaign is TOML") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError("", f"{path}: is not TOML: {error}") from None
    if len(raw) > FILE_BYTES_MAX:
        raise InputError("", f"{path}: is larger than {FILE_BYTES_MAX} bytes: write ranges of seeds, or several files")
    try:
        return _campaign(data, text, path.parent)
    except InputError as error:
        raise InputError("", "\n".join(f"{path}: {one}" for one in error.errors)) from None


def _campaign(data: dict[str, object], text: str, folder: Path) -> Campaign:
    sheet = build(Sheet, data)
    if not _NAME.fullmatch(sheet.name):
        raise InputError("name", f"is {sheet.name!r}: up to 64 letters, digits, '.', '-' and '_'; it names a directory")
    if not sheet.matrix:
        raise InputError("matrix", "is empty: write at least one [[matrix]]")
    numbers = [_number(matrix, join("matrix", index)) for index, matrix in enumerate(sheet.matrix)]
    if sum(numbers) > RUNS_MAX:
        raise InputError("matrix", f"makes {sum(numbers)} runs or more, {RUNS_MAX} at most: write several campaigns")
    cells: dict[str, Cell] = {}
    for index, matrix in enumerate(sheet.matrix):
        for cell in _cells(matrix, join("matrix", index), folder):
            known = cells.setdefault(cell.name, cell)
            if known.scenario.text != cell.scenario.text:
                where = join("matrix", index)
                raise InputError(
                    f"{where}.scenarios",
                    f"has two scenarios called {cell.scenario.name!r}, {known.scenario.source} and"
                    f" {cell.scenario.source}: give one of them another name",
                )
    packets = (cell.scenario for cell in cells.values() if cell.backend == "mininet")
    if sheet.capture == "off" and (one := next((s for s in packets if s.expect.asks_for("sent")), None)) is not None:
        raise InputError(
            "capture", f'is "off", and {one.name} expects something of what is sent, which packets show: "heartbeats"'
        )
    if len(cells) > RUNS_MAX:  # families have several members
        raise InputError("matrix", f"makes {len(cells)} runs, {RUNS_MAX} at most: write several campaigns")
    return Campaign(
        name=sheet.name,
        text=text,
        datapath=sheet.datapath,
        capture=sheet.capture,
        capture_limit_mb=sheet.capture_limit_mb,
        cells=tuple(cells.values()),
    )


def _number(matrix: Matrix, key: str) -> int:
    """How many runs, each family counted as one; raises for what no run can be made of."""
    for name in ("scenarios", "seeds", "backends"):
        if not getattr(matrix, name):
            raise InputError(f"{key}.{name}", "is empty: name at least one")
    if not 1 <= matrix.repeat <= REPEAT_MAX:
        raise InputError(f"{key}.repeat", f"is {matrix.repeat}: from 1 to {REPEAT_MAX}")
    for index, speed in enumerate(matrix.speeds):
        check_speed(speed, join(f"{key}.speeds", index))
    seeds = len(_seeds(matrix.seeds, key))
    ways = max(1, len(matrix.speeds)) * len(matrix.backends) * max(1, len(matrix.profiles))
    return len(matrix.scenarios) * seeds * ways * matrix.repeat


def _seeds(seeds: tuple[int, ...] | str, key: str) -> Sequence[int]:
    if isinstance(seeds, tuple):
        if any(seed < 0 for seed in seeds):
            raise InputError(f"{key}.seeds", f"has {min(seeds)}: 0 or more")
        return tuple(dict.fromkeys(seeds))
    found = _RANGE.fullmatch(seeds.strip())
    if found is None or int(found[1]) > int(found[2]):
        raise InputError(f"{key}.seeds", f'is {seeds!r}: a list, or a range of whole numbers, for example "0-99"')
    return range(int(found[1]), int(found[2]) + 1)


def _cells(matrix: Matrix, key: str, folder: Path) -> Iterator[Cell]:
    for scenario in _scenarios(matrix, folder):
        for profiled in _profiled(scenario, matrix.profiles):
            edited = profiled.text != scenario.text
            for speed in dict.fromkeys(matrix.speeds or (scenario.speed,)):
                if "mininet" in matrix.backends and (why := too_fast(profiled, speed)):
                    raise InputError(f"{key}.speeds", f"{speed:g}: {why}")
                for backend in dict.fromkeys(matrix.backends):
                    yield from _runs(matrix, key, profiled, edited=edited, speed=speed, backend=backend)


def _runs(
    matrix: Matrix, key: str, scenario: Scenario, *, edited: bool, speed: float, backend: BackendName
) -> Iterator[Cell]:
    profile = scenario.cluster.profile
    for seed in _seeds(matrix.seeds, key):
        for number in range(matrix.repeat):
            shown = f"-{profile}" if matrix.profiles else ""
            again = f"-again{number}" if number else ""
            yield Cell(
                name=f"{scenario.name}-{backend}{shown}-x{speed:g}-seed{seed}{again}",
                scenario=scenario,
                backend=backend,
                speed=speed,
                seed=seed,
                edited=edited,
            )


def _scenarios(matrix: Matrix, folder: Path) -> Iterator[Scenario]:
    for name in dict.fromkeys(matrix.scenarios):
        plain = name.rpartition("@")[0] or name
        is_path = "/" in plain or plain.endswith(".toml")
        yield from load_family(str(folder / name) if is_path else name)


def _profiled(scenario: Scenario, profiles: Iterable[str]) -> Iterator[Scenario]:
    """The scenario with each of the profiles; with its own where none is named."""
    for profile in dict.fromkeys(profiles) or (scenario.cluster.profile,):
        if profile == scenario.cluster.profile:
            yield scenario
            continue
        data = tomllib.loads(scenario.text)
        data.setdefault("cluster", {})["profile"] = profile
        variant = scenario.name.partition("@")[2]
        source = scenario.source.removesuffix(f"@{variant}") if variant else scenario.source
        (changed,) = loads_family(tomli_w.dumps(data), source, variant)
        yield changed
