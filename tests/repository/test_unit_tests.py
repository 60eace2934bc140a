"""tests/unit as a map of the source: which module has a test of its name, and that unit tests stay unit tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests/unit"
FOLDERS = ("agents", "controller", "herzschlag", "topo")
VALUES = {"__init__", "__main__"}
"""Modules that need no test of their own: a package's `__init__`, a process's first line."""
LIST = Path(__file__).with_name("without_unit_test.txt")
STARTS = {"subprocess", "multiprocessing", "asyncio.subprocess", "os.fork", "time.sleep", "pytester"}
"""Names of what a unit test does not do: these belong into tests/processes."""


def modules() -> list[str]:
    """Source modules that could have a unit test, as paths from the top of the checkout."""
    links = {ROOT / "herzschlag" / name for name in FOLDERS}
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if not links & set(path.parents))
    return sorted(path.relative_to(ROOT).as_posix() for path in files if path.stem not in VALUES)


def unit_test_of(module: str) -> Path:
    path = Path(module)
    return UNIT / path.parent / f"test_{path.name}"


def test_modules_without_a_unit_test_become_fewer() -> None:
    """A new module comes with its test. One that gets its test leaves the list, and never comes back."""
    without = [module for module in modules() if not unit_test_of(module).exists()]
    listed = LIST.read_text().split()
    new, gone = sorted(set(without) - set(listed)), sorted(set(listed) - set(without))
    assert not new, f"no unit test of that name: write tests/unit/.../test_<module>.py for {', '.join(new)}"
    assert not gone, f"delete from {LIST.name}, which may only become shorter: {', '.join(gone)}"
    assert listed == sorted(listed)


def test_every_unit_test_is_where_its_module_is() -> None:
    """Found without searching; a test of several modules lies in their folder."""
    lost = [
        path.relative_to(ROOT).as_posix()
        for path in UNIT.rglob("test_*.py")
        if not (ROOT / path.parent.relative_to(UNIT)).is_dir() and path.parent != UNIT / "support"
    ]
    assert lost == []


def test_files_of_tests_have_names_of_their_own() -> None:
    """Outside tests/unit, where the folder names the module, a name occurs once."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if UNIT not in path.parents:
            found.setdefault(path.name, []).append(path.relative_to(ROOT).as_posix())
    assert [paths for paths in found.values() if len(paths) > 1] == []


def does(source: str) -> set[str]:
    """What of STARTS a test file does, by the names it imports, calls, or takes as fixtures."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module=module):
                found.add(module or "")
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                found.add(f"{owner}.{name}")
            case ast.arg(arg=name):
                found.add(name)
            case _:
                pass
    return found & STARTS


@pytest.mark.parametrize("path", sorted(UNIT.rglob("test_*.py")), ids=lambda path: path.relative_to(UNIT).as_posix())
def test_unit_tests_start_no_process_and_do_not_sleep(path: Path) -> None:
    assert does(path.read_text(encoding="utf-8")) == set(), "move it to tests/processes"


@pytest.mark.parametrize(
    "planted",
    ["import subprocess", "import os\nos.fork()", "def test_it(pytester): pass", "import time\ntime.sleep(1)"],
)
def test_a_planted_process_is_seen(planted: str) -> None:
    assert does(planted)
