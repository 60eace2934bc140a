"""Roles and host states, and which changes between them are legal.

docs/protocol.md draws its state pictures from these tables; `agents/ha/agent.py` refuses a change that is not here.
Names of host states are those of the vSphere API, ClusterDasFdmAvailabilityState (fact sheet 3.1 [API-ST]).
"""

from __future__ import annotations

from typing import Literal

Role = Literal["uninitialized", "election", "slave", "master", "isolated"]
"""The role an agent believes it has."""

ROLE_CHANGES: dict[Role, dict[Role, str]] = {
    "uninitialized": {"election": "vCenter configured it, or its local disk holds a configuration"},
    "election": {
        "slave": "a master that hears it welcomed it",
        "master": "no better candidate was heard during the election",
        "isolated": "no agent and no isolation address answers",
        "uninitialized": "removed from the cluster or put in maintenance mode",
    },
    "slave": {
        "election": "no heartbeat of its master for 10 s",
        "uninitialized": "removed from the cluster or put in maintenance mode",
    },
    "master": {
        "election": "it meets a better master that hears it",
        "isolated": "no agent and no isolation address answers",
        "uninitialized": "removed from the cluster or put in maintenance mode",
    },
    "isolated": {
        "election": "an agent is heard, or an isolation address answers again",
        "uninitialized": "removed from the cluster or put in maintenance mode",
    },
}
"""From role to role, with the reason (fact sheet 1, 4, 6)."""

HostState = Literal[
    "uninitialized",
    "election",
    "master",
    "connectedToMaster",
    "networkPartitionedFromMaster",
    "networkIsolated",
    "hostDown",
    "fdmUnreachable",
]
"""The state a master, or vCenter, believes a host is in."""

VmState = Literal["off", "starting", "on", "stopping", "paused"]

RUNNING: tuple[VmState, ...] = ("on", "stopping", "paused")
"""States in which a VM runs: it has a process that may write to its disk."""

DatastoreAccess = Literal["ok", "apd", "pdl"]
"""Access of one host to one datastore: fine; all paths down (I/O hangs); permanently lost (I/O fails)."""
