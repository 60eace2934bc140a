"""What `herzschlag init --system` writes holds at once: played as a scenario, and by pytest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import extending

pytestmark = pytest.mark.packets


def test_a_new_system_holds_as_it_is(tmp_path: Path) -> None:
    def done(*words: str) -> str:
        told = extending.command(extending.ROOT, tmp_path, *words)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    done("herzschlag", "init", "--system", "mybeat")
    done("herzschlag", "check", "mybeat.toml", "mybeat-cut-off.toml")
    (run,) = json.loads(done("herzschlag", "run", "mybeat-cut-off.toml", "--json", "--no-report"))["runs"]
    assert run["verdict"] == "holds", run["because"]
    assert "2 passed" in done("pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
