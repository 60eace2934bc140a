"""The entries of run.json about the machine and the checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from herzschlag.running.versions import versions_here

TOP = Path(__file__).parents[2]


def test_a_run_of_a_checkout_names_its_commit() -> None:
    command = ["git", "-C", str(TOP), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is not a git checkout: there is no commit to name")
    assert versions_here()["commit"] == done.stdout.strip()
