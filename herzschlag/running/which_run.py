"""Which run an argument means: the one rule of every command that takes a run.

A path of a run directory, of a file in it, or of a folder of runs; the same inside `runs/`, `latest` among them; else
the newest run of a scenario by name, or of a name or a date that begins so; without an argument, the last run. Commands
that take one run say which there are when a folder holds several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from herzschlag.running.run_file import LATEST, RUN_FILE, STAMPED, read_report
from herzschlag.wrong_input import InputError, nearest

RUNS = Path("runs")
"""Where runs go unless `--out` says otherwise."""
LISTED_MAX = 12


class Found(NamedTuple):
    """What an argument means."""

    path: Path
    """The run directory, or a folder of several."""
    runs: tuple[Path, ...]
    """Run directories: of one run it alone, of a folder all in it."""


def find(argument: str | Path | None = None, base: Path = RUNS) -> Found:
    """One run or a folder of runs. Raises InputError."""
    if argument is None:
        return _last(base)
    for path in (Path(argument), base / argument):
        if (found := _at(path)) is not None:
            return found
    return _by_name(str(argument), base)


def find_run(argument: str | Path | None = None, base: Path = RUNS) -> Path:
    """One run directory; without an argument the last one that ended. Raises InputError."""
    found = find(argument, base)
    if argument is None:
        return max(found.runs, key=lambda run: (_status(run) != "running", _changed_s(run)))
    if len(found.runs) > 1:
        shown = [str(run) for run in found.runs[:LISTED_MAX]]
        more = f" and {len(found.runs) - LISTED_MAX} more" if len(found.runs) > LISTED_MAX else ""
        raise InputError("", f"{found.path}: holds {len(found.runs)} runs: name one of {', '.join(shown)}{more}")
    return found.runs[0]


def other_run(run: Path, base: Path = RUNS) -> Path:
    """The newest other run of the same scenario. Raises InputError."""
    name = scenario_name(run)
    for other in _all_runs(base):
        if not other.samefile(run) and scenario_name(other) == name:
            return other
    raise InputError("", f"{run}: there is no other run of {name!r} in {base}: name two runs")


def scenario_name(run: Path) -> str:
    """As `run.json` says; empty for one that cannot be read."""
    try:
        return read_report(run).scenario
    except (OSError, msgspec.MsgspecError):
        return ""


def names(base: Path = RUNS) -> list[str]:
    """What can be typed for a run besides paths, the newest first: names of runs, and of folders of several."""
    runs = [run.name for run in _all_runs(base)]
    latest = [LATEST] if (base / LATEST).is_dir() else []
    return list(dict.fromkeys([*latest, *runs, *(folder.name for folder in _folders(base))]))


def completions(incomplete: str) -> list[str]:
    """What a shell offers behind Tab where a run is wanted."""
    known = names()
    if incomplete.startswith(f"{RUNS}/"):
        known = [f"{RUNS}/{folder.name}" for folder in _folders(RUNS)] + [str(run) for run in _all_runs(RUNS)]
    return [name for name in known if name.startswith(incomplete)]


def of_all(arguments: Iterable[str | Path | None], base: Path = RUNS) -> list[Path]:
    """Every run that these mean, each once. Raises InputError."""
    return list(dict.fromkeys(run for argument in arguments for run in find(argument, base).runs))


def _at(path: Path) -> Found | None:
    """What is at this path, if it is a run, a file of one, or a folder of runs."""
    try:
        if path.is_file() and (path.parent / RUN_FILE).is_file():
            path = path.parent
        if (path / RUN_FILE).is_file():
            return Found(path, (path,))
        inside = _runs_in(path)
    except (OSError, ValueError):  # no file can have this name
        return None
    return Found(path, inside) if inside else None


def _last(base: Path) -> Found:
    """Where `latest` leads, or the newest folder of runs."""
    for folder in (base / LATEST, *_folders(base)):
        if folder.is_dir() and (inside := _runs_in(folder)):
            return Found(_plain(folder), inside)
    raise InputError("", f"{base}: holds no run yet: herzschlag run makes one, or name a run directory")


def _plain(folder: Path) -> Path:
    """The folder itself in place of the link that leads to it."""
    return folder.parent / folder.readlink() if folder.is_symlink() else folder


def _by_name(argument: str, base: Path) -> Found:
    alike: dict[str, Path] = {}
    for run in _all_runs(base):
        numbered = run.name.startswith(f"{argument}-") and scenario_name(run) == argument
        if run.name == argument or numbered:
            return Found(run, (run,))
        if run.name.startswith(argument):
            alike.setdefault(run.name, run)
    for folder in _folders(base):
        if folder.name.startswith(argument) and (inside := _runs_in(folder)):
            return Found(folder, inside)
    if len(alike) == 1:
        (run,) = alike.values()
        return Found(run, (run,))
    if alike:
        raise InputError("", f"{argument!r}: several runs begin so: {', '.join(sorted(alike)[:LISTED_MAX])}")
    if _is_folder(Path(argument)):
        why = f"neither a run (it has no {RUN_FILE}) nor a folder of runs"
    else:
        known = list(dict.fromkeys(run.name for run in _all_runs(base)))
        why = f"no such directory, and no run of this name in {base}"
        why += f": {nearest(argument, known)}" if known else ""
    raise InputError("", f"{argument}: {why}; name the directory of a run, as `herzschlag run` prints it")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _folders(base: Path) -> list[Path]:
    """Folders of runs, the newest first; those of tests, which have no date, last."""
    if not base.is_dir():
        return []
    found = [path for path in base.iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."]
    dated = sorted((path for path in found if STAMPED.fullmatch(path.name)), key=lambda path: _order(path.name))
    return [*reversed(dated), *sorted(path for path in found if not STAMPED.fullmatch(path.name))]


def _order(stamp: str) -> tuple[str, int]:
    """Of the folders of one second, the second one is after the first, and the tenth after the ninth."""
    return stamp[:17], int(stamp[18:] or 0)


def _all_runs(base: Path) -> Iterator[Path]:
    for folder in _folders(base):
        yield from sorted(_runs_in(folder), key=_changed_s, reverse=True)


def _runs_in(folder: Path) -> tuple[Path, ...]:
    """Run directories directly inside."""
    if not folder.is_dir():
        return ()
    folder = _plain(folder)
    return tuple(sorted(item.parent for item in folder.glob(f"*/{RUN_FILE}") if not item.parent.is_symlink()))


def _changed_s(run: Path) -> float:
    return (run / RUN_FILE).stat().st_mtime


def _status(run: Path) -> str:
    try:
        return read_report(run).status
    except (OSError, msgspec.MsgspecError):
        return ""
