"""The built wheel, installed by plain pip into empty environments: it simulates, and says what real packets need.

One environment for each Python from 3.11 to 3.13 found on this machine; HERZSCHLAG_PYTHONS adds interpreters, separated
as on PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import tutorial

ROOT = Path(__file__).parents[2]
SUPPORTED = ((3, 11), (3, 12), (3, 13))
SECONDS_MAX = 300


def version_of(python: str) -> tuple[int, int] | None:
    """The version that it really has: a name on PATH may be a launcher for a version that is not installed."""
    try:
        done = subprocess.run(
            [python, "-c", "import ensurepip, venv, sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    major, minor = done.stdout.split() if done.returncode == 0 else ("0", "0")
    return (int(major), int(minor)) if done.returncode == 0 else None


def pythons() -> dict[tuple[int, int], str]:
    named = [name for name in os.environ.get("HERZSCHLAG_PYTHONS", "").split(os.pathsep) if name]
    on_path = [f"python{major}.{minor}" for major, minor in SUPPORTED]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    by_pyenv = [str(path) for path in sorted(versions.glob("3.*/bin/python3"))]
    found: dict[tuple[int, int], str] = {}
    for candidate in [*named, "/usr/bin/python3", *on_path, *by_pyenv]:
        path = shutil.which(candidate)
        version = version_of(path) if path else None
        if path and version in SUPPORTED:
            found.setdefault(version, path)
    return found


ASKED_FOR = bool(os.environ.get("HERZSCHLAG_WHEEL_CHECK"))
FOUND = pythons() if ASKED_FOR else {}
pytestmark = pytest.mark.skipif(not ASKED_FOR, reason="takes minutes and a package index: make wheel-check")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy, so that nothing appears in the checkout."""
    copy = tmp_path_factory.mktemp("source")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in listed.split("\0"):
        if name and ((ROOT / name).is_file() or (ROOT / name).is_symlink()):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name, follow_symlinks=False)
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", copy / "dist", cwd=copy)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = (copy / "dist").glob("*.whl")
    return found


@pytest.mark.parametrize("version", sorted(FOUND) or [(3, 11)], ids=lambda version: ".".join(map(str, version)))
def test_the_wheel_simulates_in_an_empty_environment(version: tuple[int, int], wheel: Path, tmp_path: Path) -> None:
    """It needs only pip and Python: no root, Open vSwitch, Mininet or Ryu."""
    assert FOUND, "no Python from 3.11 to 3.13 that can make virtual environments"
    made = run(FOUND[version], "-m", "venv", "venv", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    python, program = tmp_path / "venv/bin/python", tmp_path / "venv/bin/herzschlag"
    installed = run(python, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    listed = run(python, "-m", "pip", "list", "--format", "json", cwd=tmp_path).stdout
    assert {package["name"].lower() for package in json.loads(listed)}.isdisjoint({"mininet", "ryu", "os-ken"})
    done = run(program, "run", "--backend", "simulation", "slave-failure", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["verdict"] == "holds"
    assert (tmp_path / document["runs"][0]["directory"] / "run.json").is_file()
    doctor = run(program, "doctor", "--json", cwd=tmp_path)
    lacking = {probe["name"]: probe["fix"] for probe in json.loads(doctor.stdout)["probes"] if not probe["ok"]}
    assert "pip install" in lacking["mininet"], "the way to real packets"
    remote = run(program, "remote", "--host", "nobody@localhost", "doctor", cwd=tmp_path)
    assert (remote.returncode, remote.stdout) == (4, "")
    assert "pip install 'herzschlag[remote]'" in remote.stderr


@pytest.mark.parametrize("version", sorted(FOUND) or [(3, 11)], ids=lambda version: ".".join(map(str, version)))
def test_a_users_own_test_runs_outside_of_the_repository(version: tuple[int, int], wheel: Path, tmp_path: Path) -> None:
    """The plugin comes with the package: pip, pytest, and the ten lines that docs/testing.md begins with."""
    assert FOUND, "no Python from 3.11 to 3.13 that can make virtual environments"
    assert run(FOUND[version], "-m", "venv", "venv", cwd=tmp_path).returncode == 0
    python = tmp_path / "venv/bin/python"
    installed = run(python, "-m", "pip", "install", "--quiet", wheel, "pytest", cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    (tmp_path / "test_partition.py").write_text(tutorial.files()["test_partition.py"], encoding="utf-8")
    words = ("-m", "pytest", "-rs", "test_partition.py")
    done = run(python, *words, "--herzschlag-backend", "simulation", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    (report,) = tmp_path.glob("runs/pytest/*/run.json")
    assert json.loads(report.read_text())["verdict"] == "holds"
    real = run(python, *words, cwd=tmp_path)
    assert "1 skipped" in real.stdout, "without Mininet there are no real packets"
    assert "pip install" in real.stdout, "the way to them"
