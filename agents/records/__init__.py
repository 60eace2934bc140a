"""Kinds of records that hosts and vCenter write: the schema from which writers are typed.

The kinds that the harness itself writes are in `herzschlag/history/kinds.py`, which joins both.
"""

from __future__ import annotations

from herzschlag.agents.records.agents import (
    AgentRole,
    ComponentProtection,
    Configured,
    Dropped,
    Election,
    Guest,
    HostOpinion,
    Isolation,
    Liveness,
    Mastership,
    Path,
    PathState,
    Protection,
    Restart,
    SilencePhase,
)
from herzschlag.agents.records.entry import (
    Entry,
    Instant,
    Length,
    RealLength,
    Unit,
    WallInstant,
    fields_of,
    kind_of,
)
from herzschlag.agents.records.hosts import (
    AgentProcess,
    Disk,
    FileLock,
    Lateness,
    LockState,
    MasterSeen,
    ProcessName,
    Reports,
    ReportState,
    Slot,
    SlotState,
    StorageAccess,
    Undelivered,
    UserRequest,
    VmChange,
)

__all__ = [
    "AgentProcess",
    "AgentRole",
    "AnyEntry",
    "ComponentProtection",
    "Configured",
    "Disk",
    "Dropped",
    "Election",
    "Entry",
    "FileLock",
    "Guest",
    "HostOpinion",
    "Instant",
    "Isolation",
    "Lateness",
    "Length",
    "Liveness",
    "LockState",
    "MasterSeen",
    "Mastership",
    "Path",
    "PathState",
    "ProcessName",
    "Protection",
    "RealLength",
    "ReportState",
    "Reports",
    "Restart",
    "SilencePhase",
    "Slot",
    "SlotState",
    "StorageAccess",
    "Undelivered",
    "Unit",
    "UserRequest",
    "VmChange",
    "WallInstant",
    "fields_of",
    "kind_of",
]

AnyEntry = (
    AgentRole
    | Path
    | Mastership
    | Liveness
    | HostOpinion
    | Election
    | Isolation
    | Restart
    | Protection
    | Configured
    | Dropped
    | ComponentProtection
    | Guest
    | VmChange
    | FileLock
    | Slot
    | StorageAccess
    | AgentProcess
    | MasterSeen
    | Reports
    | UserRequest
    | Lateness
    | Undelivered
    | Disk
)
