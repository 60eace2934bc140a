"""Second copies of a VM that the modelled system lets start: the first one's host cannot renew the VM's lock.

This module decides how long a host must have been without the lock for another to break it (fact sheet 1.7, 5 [KB-HB]
[NFS-35]), and how soon after it can look at its locks again its own copy must have ended. It leaves what happened to
the checkers that ask: `started_twice`, `one_writer`, `vms_run`.
"""

from __future__ import annotations

import msgspec

from herzschlag.checkers.truth import Truth
from herzschlag.history.records import SECOND

STOPPED_WITHIN_NS = 35 * SECOND
"""A host that can look at its locks again does so at once if it knows that it was away, else when it next would: each
30 s (VMFS) or 10 s (NFS, where the answer may take 5 s). Its VM then needs a moment to end."""


class SecondCopy(msgspec.Struct, frozen=True):
    """What a second copy of a VM is, by the model."""

    foreseen: str = ""
    """Why it may start; empty: it may not."""
    too_long: str = ""
    """Why the first copy should have ended before it did; empty: it did in time."""

    @property
    def fine(self) -> bool:
        return bool(self.foreseen) and not self.too_long


def lock_watch(datastore: str, truth: Truth) -> tuple[int, str]:
    """How long a host looks at a lock there until its owner counts as dead, and the source."""
    kind = truth.lab.datastore(datastore).kind
    timers = truth.timers
    return (timers.vmfs_lock_watch_ns, "KB-HB") if kind == "vmfs" else (timers.nfs_lock_stale_ns, "NFS-35")


def second_copy(vm: str, first: str, second: tuple[str, int], both_until_ns: int, truth: Truth) -> SecondCopy:
    """A copy that starts on a host at an instant, `second`, while the VM runs on the host `first`; both are there until
    `both_until_ns`."""
    datastore = truth.vms[vm][0].datastore
    watch_ns, source = lock_watch(datastore, truth)
    least_ns = watch_ns - truth.renewal_ns(datastore)
    host, at_ns = second
    taken_ns = _taken_ns(vm, host, at_ns, truth)
    begin_ns, end_ns = truth.without_locks_ns(first, datastore, taken_ns)
    if taken_ns - begin_ns >= least_ns:
        foreseen = f"{first} could not renew its lock on {datastore} from {truth.told(begin_ns)} on, and such a lock"
        foreseen += f" may be broken (1.7, 5 [{source}])"
    elif truth.saw_old_data((first, host), datastore, taken_ns):
        foreseen = f"reads of {datastore} gave old data, in which the owner of the lock stands still"
    else:
        return SecondCopy()
    last_ns = min(both_until_ns, truth.end_ns)
    if last_ns <= end_ns + STOPPED_WITHIN_NS:
        return SecondCopy(foreseen)
    too_long = f"both ran until {truth.told(last_ns)}, though {first} could see its lock lost from"
    return SecondCopy(foreseen, f"{too_long} {truth.told(end_ns)} on")


def _taken_ns(vm: str, host: str, at_ns: int, truth: Truth) -> int:
    """When the host took the VM's lock, before a power-on that may take a while."""
    locks = truth.history.where("lock", node=host, datastore=truth.vms[vm][0].datastore, to="held")
    taken = [r.at_ns for r in locks if r.at_ns <= at_ns and str(r.get("path")).endswith(f"/{vm}.vmx")]
    return max(taken, default=at_ns)
