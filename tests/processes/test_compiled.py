"""Compiled cores write the histories of plain Python, byte for byte; each way is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.schedules import drawn
from herzschlag.compiled.folder import folder, unfit
from herzschlag.compiled.serving import PURE

TOP = Path(__file__).parents[2]
SECONDS_MAX = 120


def built() -> str:
    where = folder()
    return "not built" if where is None else unfit(where)


needs_them = pytest.mark.skipif(bool(built()), reason=f"compiled cores: {built()} (make compiled)")


def python(pure: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=TOP,
        env=os.environ | {PURE: pure, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_them
def test_schedules_have_the_same_histories_and_findings(tmp_path: Path) -> None:
    file = tmp_path / "schedules.json"
    file.write_text(json.dumps(drawn(12, seed=42)))
    plain = json.loads(python("1", "bench/_plays.py", str(file)))
    compiled = json.loads(python("0", "bench/_plays.py", str(file), "compiled"))
    assert [one["digest"] for one in compiled] == [one["digest"] for one in plain]
    assert len({one["digest"] for one in plain}) > 1  # the digest tells schedules apart


SERVED = """
from herzschlag.compiled import serving
serving.use()
import herzschlag.agents.ha.agent as agent
print(serving.served(), "|", serving.why_not(), "|", agent.__file__)
"""


@needs_them
def test_a_process_that_asks_is_served_them() -> None:
    told, why, file = python("0", "-c", SERVED).split(" | ")
    assert (told, why) == ("compiled by mypyc", "")
    assert not file.strip().endswith(".py")


def test_with_pure_no_process_is() -> None:
    told, why, file = python("1", "-c", SERVED).split(" | ")
    assert (told, why) == ("plain Python", f"{PURE} is set")
    assert file.strip().endswith("agent.py")
