"""A user's project whose folders have the names of ours: `agents/`, `topo/`, `controller/`, with modules of the same
names, in a folder whose name a shell must quote."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.inherited import inherited

ODD_NAME = "Prüfstand für 'Herz' & \"Schlag\" $HOME; 100 %"
FOLDERS = {
    "agents": ("agent", "settings", "states", "protocol", "processes"),
    "topo": ("spec", "catalog", "lab", "sandbox", "errors"),
    "controller": ("client", "messages", "frameworks", "app"),
}
CONFTEST = """
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
"""
OWN_CONFTEST = """
import pytest

@pytest.fixture
def {folder}_of_mine():
    return "{folder}"
"""
OWN_TEST = """
import pytest

from {folder} import {first}

@pytest.mark.herzschlag(speed=40)
def test_mine({folder}_of_mine, cluster):
    assert {first}.WHOSE == "the user's {folder}/{first}"
    assert cluster.master == "host-99"
"""


def write(folder: Path) -> int:
    """Make the project. Returns how many tests it has."""
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    for name, modules in FOLDERS.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f'WHOSE = "the user\'s {name}"\n', encoding="utf-8")
        (folder / name / "conftest.py").write_text(OWN_CONFTEST.format(folder=name), encoding="utf-8")
        (folder / name / f"test_{name}.py").write_text(OWN_TEST.format(folder=name, first=modules[0]), encoding="utf-8")
        for module in modules:
            (folder / name / f"{module}.py").write_text(f'WHOSE = "the user\'s {name}/{module}"\n', encoding="utf-8")
    return len(FOLDERS)


def python(folder: Path, *words: str, installed: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m …` in the project, whose folder is on the path, as `-m` and the conftest put it there. `installed`: a
    folder with this package as a wheel has it, used in place of the checkout."""
    path = os.pathsep.join(str(one) for one in (folder, installed) if one is not None)
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**inherited(), "PYTHONPATH": path, "TERM": "dumb", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def pytest_there(folder: Path, *words: str, installed: Path | None = None) -> subprocess.CompletedProcess[str]:
    return python(folder, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", *words, installed=installed)
