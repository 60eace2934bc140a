"""Names of the backends and of what is captured, as types and as choices of the command line."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

BackendName = Literal["mininet", "simulation"]
BACKENDS: tuple[BackendName, ...] = ("mininet", "simulation")


class Backend(StrEnum):
    mininet = "mininet"
    simulation = "simulation"


class Capture(StrEnum):
    all = "all"
    heartbeats = "heartbeats"
    off = "off"
