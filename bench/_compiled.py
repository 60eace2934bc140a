"""Compiles the cores to C by mypyc, in a folder of their own: the checkout stays plain Python.

    python -m bench._compiled FOLDER       then: PYTHONPATH=FOLDER python -m herzschlag run --backend simulation ...

This module decides which modules are compiled: the cores and the simulation's inner loop. It leaves out values (msgspec
has compiled those already), classes that others inherit from, and everything that talks to a system. mypyc comes with
mypy; a C compiler must be installed. Compiling takes about a minute.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("herzschlag", "tests", "bench")
INTERPRETED = (
    *("__init__", "actions", "events", "api", "requests", "messages", "settings", "states"),  # values
    *("codec", "format"),
)
INNER_LOOP = ("queue", "process", "network")


class CannotCompileError(RuntimeError):
    """Something is missing, or the compiler failed."""


def modules(root: Path) -> list[str]:
    cores = [
        path
        for path in sorted((root / "herzschlag/agents").rglob("*.py"))
        if path.stem not in INTERPRETED and path.parent.name != "processes"
    ]
    loop = [root / "herzschlag/backends/simulation" / f"{name}.py" for name in INNER_LOOP]
    return [str(path.relative_to(root)) for path in (*cores, *loop)]


def build(folder: Path) -> Path:
    """Copy the packages into `folder` and compile them there. Raises CannotCompileError."""
    if importlib.util.find_spec("mypyc") is None:
        raise CannotCompileError("mypyc is missing: it comes with mypy, in the extra `dev`")
    if shutil.which("cc") is None and shutil.which("gcc") is None:
        raise CannotCompileError("a C compiler is missing: Debian's package is gcc, with python3-dev for its headers")
    unwanted = shutil.ignore_patterns("__pycache__", "*.so")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted, dirs_exist_ok=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    made = subprocess.run(
        [sys.executable, "-m", "mypyc", *modules(folder)], cwd=folder, capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        said = [line for line in (made.stdout + made.stderr).splitlines() if "error" in line]
        raise CannotCompileError(f"mypyc: {said[0] if said else made.stderr[-300:]}")
    return folder


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench._compiled FOLDER")
    print(f"compiled into {build(Path(sys.argv[1]))}")
