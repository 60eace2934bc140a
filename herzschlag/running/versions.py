"""The versions for `run.json`: of the project, of Python and of the kernel, and the commit of the checkout."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

from herzschlag.compiled import serving

GIT_S_MAX = 5.0


@cache
def versions_here() -> dict[str, str]:
    versions = {
        "herzschlag": metadata.version("herzschlag"),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "system": platform.platform(),
        "cpus": str(os.cpu_count()),
        "cores": serving.served(),
    }
    commit = _commit()
    return versions | ({"commit": commit} if commit else {})


def _commit() -> str:
    """The checkout's commit; empty for an installed package."""
    top = Path(__file__).parents[2]
    if not (top / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(top), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            timeout=GIT_S_MAX,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
