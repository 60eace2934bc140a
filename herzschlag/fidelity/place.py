"""Where it is kept what was measured of this machine: one file of each user. Imports nothing of the project, so that
pytest can look for it before its first test."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FILE = Path("herzschlag", "fidelity.json")
"""Below the user's folder of state."""


def place() -> Path:
    """The file, in `$XDG_STATE_HOME` or `~/.local/state`."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    home = os.environ.get("HOME") or tempfile.gettempdir()
    return (state if state.is_absolute() else Path(home) / ".local/state") / FILE
