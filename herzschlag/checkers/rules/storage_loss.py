"""A host notices in time that it has lost a datastore, and component protection keeps its times.

This module decides that a loss is known within one I/O limit and one write interval (0 [VMFS-T]); that no VM is ended
for a datastore that hangs before the APD timeout and the delay after it are over (T320, 7.6 [AG60-20]); and that a VM
on a datastore that is permanently lost is ended, where the settings say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from herzschlag.checkers.checker import Checker
from herzschlag.checkers.lasting import between_faults, own_agent_lives, slack_ns, stretches
from herzschlag.checkers.pace import too_early
from herzschlag.checkers.segments import Segment
from herzschlag.checkers.truth import Truth
from herzschlag.checkers.verdict import Detail, Finding, Verdict, counted, finding
from herzschlag.faults import primitives as p
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario

NAME = "storage-loss"
SPARE_NS = 3 * SECOND


def _check(history: History, scenario: Scenario) -> Finding:
    truth = Truth.of(history, scenario)
    details = []
    for host in truth.lab.moids:
        for datastore in truth.lab.datastores_of(host):
            details += _noticed(host, datastore.name, truth)
            details += _ended(host, datastore.name, truth)
    acts = history.where("vmcp", phase="ended")
    details += [d for act in acts if (d := _early(act, truth)) is not None]
    return finding(
        NAME,
        details,
        good=f"{counted(len(details), 'consequence')} of lost storage, each in its time",
        nothing="no host lost a datastore for long enough",
    )


def _limit_ns(truth: Truth) -> int:
    timers = truth.timers
    return timers.vmfs_io_limit_ns + max(timers.vmfs_heartbeat_ns, timers.nfs_touch_ns) + SPARE_NS + slack_ns(truth)


def _access(host: str, datastore: str, segment: Segment) -> set[str]:
    return {
        c.access
        for c in segment.conditions
        if isinstance(c, p.StorageLost) and c.host == host and c.datastore == datastore
    }


def _moves(host: str, segment: Segment, truth: Truth) -> bool:
    return truth.powered(host, segment) and p.Frozen(host) not in segment.conditions


def _noticed(host: str, datastore: str, truth: Truth) -> list[Detail]:
    found = []
    for lost in ("apd", "pdl"):
        whole = stretches(
            truth,
            lambda s, lost=lost: _access(host, datastore, s) == {lost} and _moves(host, s, truth),  # type: ignore[misc]
        )
        for begin_ns, end_ns in (part for one in whole for part in _unbroken(one, host, datastore, truth)):
            due_ns = begin_ns + _limit_ns(truth)
            if due_ns >= end_ns:
                continue
            last = truth.history.last("datastore", due_ns, node=host, datastore=datastore)
            good = last is not None and last.get("to") != "ok"
            verdict: Verdict = "holds" if good else "violated"
            why = f"{datastore} was lost ({lost}) from {truth.told(begin_ns)} on"
            why += "" if good else f", and the host had not noticed at {truth.told(due_ns)}"
            found.append(Detail(name=host, verdict=verdict, because=why, evidence=(last.seq,) if last else ()))
    return found


def _unbroken(whole: tuple[int, int], host: str, datastore: str, truth: Truth) -> Iterator[tuple[int, int]]:
    """The parts of a stretch of loss: where one fault ends and another begins, the datastore is back for an instant, in
    which what hung is carried out."""
    begin_ns, end_ns = whole
    ends = sorted({span.end_ns for span in truth.spans if begin_ns < span.end_ns < end_ns})
    back = [at_ns for at_ns in ends if not _access(host, datastore, between_faults(truth, at_ns))]
    yield from pairwise([begin_ns, *back, end_ns])


def _ended(host: str, datastore: str, truth: Truth) -> list[Detail]:
    """VMs on a datastore that is lost for good."""
    cluster = truth.scenario.cluster
    options = {one.option for span in truth.spans for one in span.primitives if isinstance(one, p.Reconfigured)}
    if not cluster.vmcp_pdl or "vmcp_pdl" in options:
        return []
    found = []
    for begin_ns, end_ns in stretches(
        truth, lambda s: _access(host, datastore, s) == {"pdl"} and own_agent_lives(truth, host, s)
    ):
        due_ns = begin_ns + _limit_ns(truth) + SPARE_NS
        if due_ns >= end_ns:
            continue
        for vm, (config, _, _) in truth.vms.items():
            stays = [s for s in truth.running_on(vm, begin_ns) if s.host == host and s.begin_ns < begin_ns - SPARE_NS]
            if config.datastore != datastore or not stays:
                continue
            verdict: Verdict = "violated" if stays[0].end_ns > due_ns else "holds"
            why = f"{datastore} was lost for good on {host} at {truth.told(begin_ns)}"
            why += f", and it still ran there at {truth.told(due_ns)}" if verdict == "violated" else ""
            found.append(Detail(name=vm, verdict=verdict, because=why, evidence=(stays[0].begin,)))
    return found


def _early(act: Record, truth: Truth) -> Detail | None:
    """A VM that was ended before the time of a datastore that hangs was over. None: it came in time, or another kind
    of loss lay in between."""
    vm = str(act.get("vm"))
    datastore = truth.vms[vm][0].datastore
    begin_ns = act.at_ns
    for segment in reversed([s for s in truth.segments if s.begin_ns < act.at_ns]):
        access = _access(act.node, datastore, segment)
        if "pdl" in access:
            return None
        if not access:
            break
        begin_ns = segment.begin_ns
    least_ns = truth.timers.apd_timeout_ns + truth.timers.vmcp_delay_ns
    if not too_early(truth, begin_ns, act.at_ns, least_ns):
        return None
    why = f"ended at {truth.told(act.at_ns)}, {(act.at_ns - begin_ns) / SECOND:.1f} s after {datastore} began to hang,"
    why += f" {least_ns / SECOND:g} s are due"
    return Detail(name=vm, verdict="violated", because=why, evidence=(act.seq,))


CHECKER = Checker(NAME, ("datastore", "fault", "ready"), _check)
