"""No VM is started while it still runs elsewhere.

This module decides from the hosts' own records of their VMs and from who had power. Where the first copy's host could
not renew the VM's lock, because it stood still or had lost its storage, the modelled system lets a second one start:
that is foreseen, until the host can look at its locks again. It complements `one_writer`, which
reads the disks: a second copy that was stopped before its first write appears only here.
"""

from __future__ import annotations

from itertools import combinations

from herzschlag.agents.settings import Timers
from herzschlag.checkers.checker import Checker
from herzschlag.checkers.truth import Stay, Truth
from herzschlag.checkers.verdict import Detail, Finding, finding, unknown
from herzschlag.history.records import SECOND, History
from herzschlag.scenarios.model import Scenario

NAME = "started-twice"

STOPPED_WITHIN_NS = 20 * SECOND
"""A host that can look at its locks again finds a lost one when it next renews it, each 3 s (VMFS) or 10 s (NFS, where
the answer may take 5 s), and its VM then needs a moment to end."""


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth(history, scenario)
    if not truth.vms:
        return finding(NAME, (), good="", nothing="there are no VMs")
    if not history.of_kind("vm"):
        return unknown(NAME, "no host said anything of its VMs")
    details = [_judge(vm, stays, truth, scenario.cluster.timers()) for vm, stays in truth.stays.items() if stays]
    twice = any(detail.foreseen for detail in details)
    good = f"no {'other ' if twice else ''}VM was started while it ran elsewhere"
    return finding(NAME, details, good=good, nothing="no VM ever ran")


def _judge(vm: str, stays: tuple[Stay, ...], truth: Truth, timers: Timers) -> Detail:
    foreseen: tuple[str, Stay, Stay] | None = None
    for a, b in combinations(stays, 2):
        if not a.overlaps(b):
            continue
        evidence = (a.begin, b.begin)
        told = f"started on {b.host} at {truth.told(b.begin_ns)} while it ran on {a.host}"
        why = _foreseen(vm, a, b, truth, timers)
        if not why:
            return Detail(name=vm, verdict="violated", because=told, evidence=evidence)
        _, end_ns = truth.without_locks_ns(a.host, truth.vms[vm][0].datastore, b.begin_ns)
        last_ns = min(a.end_ns, b.end_ns, truth.end_ns)
        if last_ns > end_ns + STOPPED_WITHIN_NS:
            told += f", and both ran until {truth.told(last_ns)}, though {a.host} could see"
            told += f" its lock lost from {truth.told(end_ns)} on"
            return Detail(name=vm, verdict="violated", because=told, evidence=evidence)
        foreseen = foreseen or (f"{told}: {why}", a, b)
    if foreseen is None:
        return Detail(name=vm, verdict="holds", because=f"{len(stays)} starts, none beside another")
    told, a, b = foreseen
    return Detail(name=vm, verdict="holds", because=told, evidence=(a.begin, b.begin), foreseen=True)


def _foreseen(vm: str, a: Stay, b: Stay, truth: Truth, timers: Timers) -> str:
    """Why two copies may run: the first one's host could not renew the VM's lock for so long that it may be broken.
    Fact sheet 1.7, 5 [KB-HB] [NFS-35]. Empty when it could."""
    datastore = truth.vms[vm][0].datastore
    kind = next(d.kind for d in truth.lab.datastores if d.name == datastore)
    if kind == "vmfs":
        least_ns, source = timers.vmfs_lock_watch_ns - timers.vmfs_heartbeat_ns, "KB-HB"
    else:
        least_ns, source = timers.nfs_lock_stale_ns - timers.nfs_lock_renew_ns, "NFS-35"
    begin_ns, _ = truth.without_locks_ns(a.host, datastore, b.begin_ns)
    if b.begin_ns - begin_ns < least_ns:
        return ""
    return (
        f"{a.host} could not renew its lock on {datastore} from {truth.told(begin_ns)} on, and such a lock"
        f" may be broken (1.7, 5 [{source}])"
    )


CHECKER = Checker(NAME, ("vm", "fault"), _check)
