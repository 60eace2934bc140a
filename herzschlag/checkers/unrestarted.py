"""Why a VM that ended need not run again: its lock was lost to old data, or host monitoring was off.

This module decides after which ends no master restarts a VM, for every rule that expects VMs to run.
"""

from __future__ import annotations

from herzschlag.checkers.told import UNMONITORED
from herzschlag.checkers.truth import Truth
from herzschlag.history.records import SECOND

CONFIGURED_NS = 15 * SECOND
"""A host that vCenter reaches has a new configuration after this time at the latest."""
DECIDED_NS = 75 * SECOND
"""This long after a VM ended, its master has decided about a restart: 18 s for a dead host, 60 s for an isolated one,
some more until a file is read again."""


def unrestarted(vm: str, host: str, ended_ns: int, truth: Truth) -> str:
    """The reason, for a VM that ended on that host then; empty: it must run again."""
    datastore = truth.vms[vm][0].datastore
    if truth.saw_old_data((host,), datastore, ended_ns):
        return f"reads of {datastore} gave {host} old data, by which its lock was lost"
    meanwhile = truth.between(ended_ns - CONFIGURED_NS, ended_ns + DECIDED_NS)
    if not truth.monitored or any(UNMONITORED in segment.conditions for segment in meanwhile):
        return "host monitoring was off when it would have been restarted [AG60-16]"
    return ""
