"""What the command outside and the stage inside a sandbox say to each other: one JSON document a line.

This module decides the conversation alone: `session.py` is its outer end, `stage.py` its inner one. Instants are real
nanoseconds of the machine's monotonic clock, which both share. State is absolute: "these conditions hold from now on".
"""

from __future__ import annotations

from typing import Any

import msgspec

from herzschlag.agents.records import Disk
from herzschlag.agents.settings import ClusterConfig, Timers
from herzschlag.agents.vcenter.vcenter import VCenterSettings
from herzschlag.faults.primitives import AnyCommand, AnyCondition
from herzschlag.history.kinds import Switches
from herzschlag.topo.spec import Captured, Datapath, TopologySpec

LINE_BYTES_MAX = 16_000_000
"""A split of 96 hosts into halves has 9,216 cuts of some 80 bytes; disk evidence of a long run is larger."""


class StageSettings(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """First line to the stage: everything it needs to bring the lab up."""

    topology: TopologySpec
    config: ClusterConfig
    vcenter: VCenterSettings
    timers: Timers
    """Already divided by `speed`, as vCenter's are."""
    speed: float
    phases_ns: dict[str, int]
    """Heartbeat phase per host, real nanoseconds."""
    key: bytes
    """Of this run's datagrams."""
    datapath: Datapath
    log_directory: str
    capture: Captured
    delays: bool
    """Packets will have to be held back."""


class Want(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """These conditions alone hold from `at_ns` on, and these commands are given then. When that is past: from the next
    instant on that lies a multiple of `every_ns` behind it, or at once without one. Answers Done or Refused."""

    conditions: tuple[AnyCondition, ...]
    commands: tuple[AnyCommand, ...] = ()
    at_ns: int = 0
    every_ns: int = 0


class Collect(msgspec.Struct, frozen=True, tag=True):
    """What can only be known at the end. Answers Collected."""


class Look(msgspec.Struct, frozen=True, tag=True):
    """What the lab looks like now. Answers Looked."""


class Where(msgspec.Struct, frozen=True, tag=True):
    """Who holds which node, for a process that enters the lab. Answers Holders."""


StageOrder = Want | Collect | Look | Where


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The lab is up and everyone is started."""

    versions: dict[str, str]
    timings_ms: dict[str, float]
    """What took how long; kept in the log."""
    pids: dict[str, int]
    """Machinery and each node's first process, as the sandbox numbers them."""


class Done(msgspec.Struct, frozen=True, tag=True):
    skipped: int
    """How many times `every_ns` later than `at_ns` it was to happen."""
    asked_ns: int
    effective_ns: int
    took_ns: int
    """How long it went on coming into force."""
    dropped: int | None
    """How many packets met the cuts that end; None if none ends."""
    evidence: dict[str, Any]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """It could not be done. `fix`: what this machine lacks and how to get it; empty: the fault lies elsewhere."""

    because: str
    fix: str = ""


class Collected(msgspec.Struct, frozen=True, tag=True):
    """What the disks hold, and what the switches counted."""

    at_ns: int
    disks: list[Disk]
    dropped: dict[str, int]
    """How many packets each link that is cut (`A host-98 host-99`) has dropped."""
    switches: Switches


class Looked(msgspec.Struct, frozen=True, tag=True):
    """Place to what is there: equal texts mean that nothing was left (`look.py`)."""

    seen: dict[str, str]


class Holders(msgspec.Struct, frozen=True, tag=True):
    pids: dict[str, int]
    """Every node that has power to its pid 1, as the sandbox numbers it."""


class MachineryGone(msgspec.Struct, frozen=True, tag=True):
    """News: something of ours died without being told to. The run can prove nothing any more."""

    what: str
    because: str


def cut_name(network: str, src: str, dst: str) -> str:
    return f"{network} {src} {dst}"


StageNews = Ready | Done | Refused | Collected | Looked | Holders | MachineryGone
