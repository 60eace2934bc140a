"""The command `bench fidelity` on real packets, and what goes by its result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from herzschlag.plugin.places import LABS, Place

TIMEOUT_S = 300.0


def run(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name != LABS}
    return subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env=own | {"XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.packets
@pytest.mark.takes(40)
def test_what_it_finds_is_kept_and_pytest_and_speed_auto_go_by_it(tmp_path: Path) -> None:
    with Place.wait():
        done = run(
            tmp_path,
            *("-m", "herzschlag", "bench", "fidelity", "--scenario", "normal", "--speed", "10", "--step", "1"),
            *("--time", "1s", "--json"),
        )
    measured: dict[str, Any] = json.loads(done.stdout)
    [tried] = measured["tried"]
    assert (tried["load"], tried["runs"]) == ({"speed": 10.0, "labs": 1}, 3), "after a second no other load is begun"
    assert tried["changed"] == [] and done.returncode == 0, done.stderr
    assert tried["runs_an_hour"] > 0 and 0 < tried["late_ms"] < 50
    assert [file.name for file in tmp_path.glob("runs/*/*")] != []
    assert not list(tmp_path.glob("runs/*/speed-*")), "runs that hold leave nothing"
    (tmp_path / "test_nothing.py").write_text("def test_it(): pass\n")
    header = run(
        tmp_path, "-m", "pytest", "-p", "no:cacheprovider", "--herzschlag-speed", "auto", "test_nothing.py"
    ).stdout
    assert "at most 1 labs at once: it can handle them at speed 10, measured on" in header
    assert "labs at most at speed" in header
