"""What several commands of the program share: words to choose from, exit statuses beside those of verdicts."""

from __future__ import annotations

from enum import StrEnum

WRONG_INPUT = 2
UNKNOWN = 3
CANNOT_RUN = 4
INTERRUPTED = 130


class Backend(StrEnum):
    mininet = "mininet"
    simulation = "simulation"


class Capture(StrEnum):
    all = "all"
    heartbeats = "heartbeats"
    off = "off"
