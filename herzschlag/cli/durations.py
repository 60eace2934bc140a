"""Durations on the command line: 30s, 10m, 2h."""

from __future__ import annotations

import re

from herzschlag.cli.ending import fail
from herzschlag.exit_status import WRONG_INPUT

UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """What `--time` says. Ends the program with status 2 where it says no duration."""
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    if found is None or int(found[1]) == 0:
        fail(f"--time {text!r}: a number and a unit: 30s, 10m, 2h", WRONG_INPUT)
    return int(found[1]) * UNITS_S[found[2]]
