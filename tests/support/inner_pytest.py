"""pytest inside a test: what the plugin does to a user's tests, in virtual time.

Simulated clusters replace labs on real packets where a test is about when labs are made, kept and counted; everything
else is the plugin as users install it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from herzschlag import cluster as clusters
from herzschlag import report
from herzschlag.plugin import labs

assert report is not None  # imported here once: pytester forgets what inner runs import for the first time

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """
from tests.support.inner_pytest import stand_in
stand_in()
"""
"""A conftest.py in which `mininet` is a simulation."""
TELL_LABS = """
def pytest_terminal_summary(terminalreporter):
    for found in terminalreporter.stats.values():
        for report in found:
            for name, value in getattr(report, "user_properties", ()):
                if getattr(report, "when", "") == "call":
                    terminalreporter.write_line(f"LAB {report.nodeid.partition('::')[2]} {value}")
"""
"""A conftest.py that prints for each test what the plugin says about its lab."""


def stand_in() -> None:
    """Replace labs on real packets by simulated clusters that write a log."""

    def start(setup: Any, *, backend: str, directory: Path | None, **options: Any) -> clusters.Cluster:
        if directory is not None:
            (directory / "log").mkdir()
            (directory / "log" / "agents.log").write_text("they spoke")
        return clusters.Cluster.start(setup, backend="simulation", **options)

    setattr(labs, "Cluster", SimpleNamespace(start=start))  # noqa: B010 (it is not a public name there)


def in_virtual_time(pytester: pytest.Pytester, code: str, *words: str) -> pytest.RunResult:
    """Run a test file in this process."""
    pytester.makepyfile(test_users=code)
    return pytester.runpytest_inprocess("--herzschlag-backend", "simulation", "-p", "no:cacheprovider", *words)


def on_stand_ins(pytester: pytest.Pytester, code: str, *words: str, **environment: str) -> pytest.RunResult:
    """Run a test file in a process of its own, on stand-ins for labs."""
    started = start_on_stand_ins(pytester.path, code, *words, **environment)
    output, _ = started.communicate(timeout=120)
    lines = output.splitlines()
    return pytest.RunResult(started.returncode, lines, [], 0.0)


def start_on_stand_ins(folder: Path, code: str, *words: str, **environment: str) -> subprocess.Popen[str]:
    (folder / "conftest.py").write_text(STAND_IN)
    (folder / "test_users.py").write_text(code)
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "HERZSCHLAG_"))},
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
            "TMPDIR": str(folder),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
