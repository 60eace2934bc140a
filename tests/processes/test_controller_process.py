"""The controller's process, before it serves: what it imports, and how it ends when it cannot serve."""

from __future__ import annotations

import os
import subprocess
import sys

from herzschlag.controller import frameworks


def test_the_package_imports_no_framework() -> None:
    """Its users have threads and sockets of their own, which green threads would replace."""
    look = "import herzschlag.controller, sys; print(sorted({'ryu', 'os_ken', 'eventlet'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_process_says_what_is_wrong_and_ends() -> None:
    argv = [sys.executable, "-m", "herzschlag.controller", "--socket", "never-made"]
    done = subprocess.run(
        argv, env={**os.environ, frameworks.VARIABLE: "pox"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("controller: HERZSCHLAG_CONTROLLER='pox'")
