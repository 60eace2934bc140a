"""The messages between the command outside and the stage inside a sandbox: one JSON document a line.

This module decides only which messages there are: `session.py` is the outer end, `stage.py` the inner one. Instants
are real nanoseconds of the machine's monotonic clock, which both share. State is absolute: "these conditions hold from
now on".
"""

from __future__ import annotations

from typing import Any

import msgspec

from herzschlag.agents.records import Disk
from herzschlag.agents.settings import ClusterConfig, Timers
from herzschlag.agents.vcenter.vcenter import VCenterSettings
from herzschlag.faults.line_quality import BadLine
from herzschlag.faults.primitives import AnyCommand, AnyCondition
from herzschlag.history.kinds import Switches
from herzschlag.systems.model import System
from herzschlag.topo.impairments.line import Counts
from herzschlag.topo.spec import Captured, Datapath, TopologySpec

LINE_BYTES_MAX = 16_000_000
"""A split of 96 hosts into halves has 9,216 cuts of some 80 bytes; disk evidence of a long run is larger."""


class StageSettings(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The first line to the stage: everything it needs to bring the lab up."""

    topology: TopologySpec
    config: ClusterConfig
    vcenter: VCenterSettings
    timers: Timers
    """The agents' timers, already divided by `speed`, as vCenter's are."""
    speed: float
    phases_ns: dict[str, int]
    """Heartbeat phase per host, real nanoseconds."""
    key: bytes
    """The key of this run's datagrams."""
    datapath: Datapath
    log_directory: str
    capture: Captured
    seed: int
    """What bad lines do to packets follows from it."""
    system: System | None
    """Another system, in place of hypervisors, agents and vCenter."""
    bad_lines: tuple[BadLine, ...] | None
    """What planned faults will impair; None: faults are not planned."""


class Want(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """These conditions alone hold from `at_ns` on, and these commands are given then. If `at_ns` has passed: at the
    next `at_ns + k * every_ns`, or at once if `every_ns` is 0. The stage answers with Done or Refused."""

    conditions: tuple[AnyCondition, ...]
    commands: tuple[AnyCommand, ...] = ()
    at_ns: int = 0
    every_ns: int = 0


class Collect(msgspec.Struct, frozen=True, tag=True):
    """The request for the evidence of the end. The stage answers with Collected."""


class Look(msgspec.Struct, frozen=True, tag=True):
    """The request for the lab's present state. The stage answers with Looked."""


class Where(msgspec.Struct, frozen=True, tag=True):
    """The request for each node's pid 1, for a process that enters the lab. The stage answers with Holders."""


StageOrder = Want | Collect | Look | Where


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The lab is up and all its processes are started."""

    versions: dict[str, str]
    timings_ms: dict[str, float]
    """How long each part of the start took; kept in the log."""
    pids: dict[str, int]
    """Machinery and each node's first process, as the sandbox numbers them."""


class Done(msgspec.Struct, frozen=True, tag=True):
    skipped: int
    """By how many times `every_ns` the change was put off from `at_ns`."""
    asked_ns: int
    effective_ns: int
    took_ns: int
    """How long it took to come into force everywhere."""
    dropped: int | None
    """How many packets met the cuts that end; None if none ends."""
    evidence: dict[str, Any]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """It could not be done. `fix`: what this machine lacks and how to get it; empty: the fault lies elsewhere."""

    because: str
    fix: str = ""


class Collected(msgspec.Struct, frozen=True, tag=True):
    """The evidence of the end: what the disks hold, and what the switches counted."""

    at_ns: int
    disks: list[Disk]
    dropped: dict[str, int]
    """How many packets each link that is cut (`A host-98 host-99`) has dropped."""
    switches: Switches
    stopped: list[str]
    """Processes of the lab that stand still though no fault wants that: what they would have told is missing."""
    lines: dict[str, Counts]
    """What happened on each link that the relay serves, in real time."""


class Looked(msgspec.Struct, frozen=True, tag=True):
    """Every place with its content: equal texts mean that nothing was left behind (`look.py`)."""

    seen: dict[str, str]


class Holders(msgspec.Struct, frozen=True, tag=True):
    pids: dict[str, int]
    """Every node that has power, with its pid 1 as the sandbox numbers it."""


class MachineryGone(msgspec.Struct, frozen=True, tag=True):
    """News: a part of the harness died without being told to, so the run can no longer prove anything."""

    what: str
    because: str


def cut_name(network: str, src: str, dst: str) -> str:
    return f"{network} {src} {dst}"


StageNews = Ready | Done | Refused | Collected | Looked | Holders | MachineryGone
