"""Completion as a shell asks for it: the program with its words in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def offered(*words: str, here: Path) -> list[str]:
    """What bash is told for the last word."""
    line = " ".join(["herzschlag", *words])
    asked = {"_HERZSCHLAG_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    command = [str(Path(sys.executable).with_name("herzschlag"))]
    done = subprocess.run(
        command, env={**os.environ, **asked}, cwd=here, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.split()


def test_scenarios_runs_and_commands_are_offered(tmp_path: Path) -> None:
    assert offered("run", "isol", here=tmp_path) == ["isolation"]
    assert offered("check", "isol", here=tmp_path) == offered("scenarios", "isol", here=tmp_path) == ["isolation"]
    run = tmp_path / "runs/2026-01-01-100000/my-run"
    run.mkdir(parents=True)
    (run / "run.json").write_text('{"scenario": "my-run"}')
    for command in ("packets", "compare", "report", "open"):
        assert offered(command, "my", here=tmp_path) == ["my-run"]
    assert offered("comp", here=tmp_path) == ["compare"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_text_for_each_shell_is_printed(shell: str) -> None:
    command = [str(Path(sys.executable).with_name("herzschlag")), "--show-completion"]
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run([*command, shell], env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert "_HERZSCHLAG_COMPLETE" in done.stdout
