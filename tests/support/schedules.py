"""Random fault schedules for simulated clusters, and what must hold whatever they do.

This module decides which disturbances may come together and what is judged afterwards: while faults last only safety
(one writer on every disk, no core in an illegal state), and once all is healed and every retry has had its turn also
that one master leads everyone and every VM runs exactly once. Both are judged by disks and processes, not by what the
cores say about themselves. It leaves drawing and shrinking to the tests.
"""

from __future__ import annotations

from itertools import pairwise

import msgspec

from herzschlag.agents.datastore.disk_evidence import WriterRun, read_disk
from herzschlag.agents.datastore.layout import disk_path
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.faults import (
    AnyFault,
    Block,
    CrashAgent,
    CrashVcenter,
    CutPair,
    Freeze,
    GatewayDown,
    Impair,
    Isolate,
    MissingRoute,
    NetworkDown,
    OneWay,
    PowerOff,
    Split,
    Storage,
)
from herzschlag.history.records import SECOND
from tests.support.cluster import begin, end, plan_of

HOSTS = ("host-98", "host-99", "host-100", "host-101")
QUIET_S = 60.0
"""Time to become ready before the first fault."""
RETRIES_S = 1900.0
"""After healing: the last restart attempt comes 30 min after the failure was detected."""


class Stroke(msgspec.Struct, frozen=True):
    """One fault of a schedule."""

    after_s: float
    """Seconds since the previous fault."""
    fault: AnyFault
    for_s: float

    def __repr__(self) -> str:
        return f"+{self.after_s:g} s {self.fault.describe()} for {self.for_s:g} s"


def faults() -> tuple[AnyFault, ...]:
    """The faults to draw from: every kind that leaves the hosts' clocks right and the datastores themselves intact."""
    a, b, c, d = HOSTS
    single: list[AnyFault] = []
    for host in HOSTS:
        single += [
            Isolate(host=host),
            Isolate(host=host, keep=("gateway",)),
            Isolate(host=host, networks="A"),
            PowerOff(host=host),
            Freeze(host=host),
            CrashAgent(host=host),
            CrashAgent(host=host, watchdog=False),
            Storage(host=host, access="apd"),
            Storage(host=host, access="apd", datastore="vmfs-1"),
            Storage(host=host, access="pdl", datastore="vmfs-2"),
            Block(host=host, what="8182"),
            Block(host=host, what="icmp", direction="in"),
            MissingRoute(host=host, networks="B"),
        ]
    return (
        *single,
        Split(groups=((a, b), (c, d))),
        Split(groups=((a,), (b, c, d))),
        Split(groups=((a, c), (b,), (d,))),
        CutPair(a=a, b=b),
        CutPair(a=b, b=d, networks="A"),
        OneWay(src=b, dst=(a, c)),
        OneWay(src=(a, c, d), dst=b),
        NetworkDown(networks="A"),
        NetworkDown(networks="all"),
        GatewayDown(),
        CrashVcenter(),
        Impair(loss=0.3, delay_ms=80.0, jitter_ms=60.0, duplicate=0.1, reorder=0.1),
        Impair(src=b, loss=0.9),
    )


def clash(active: AnyFault, new: AnyFault) -> bool:
    """Whether two faults exclude each other, because both end the same host or its agent."""

    def lives(fault: AnyFault) -> set[str]:
        if isinstance(fault, PowerOff | Freeze | CrashAgent):
            return {str(fault.host)}
        return {"vcenter"} if isinstance(fault, CrashVcenter) else set()

    return bool(lives(active) & lives(new))


def play(strokes: list[Stroke], *, seed: int = 0, settle_s: float = RETRIES_S, **cluster_keys: object) -> SimCluster:
    """Run the schedule, heal everything at its end, let it settle."""
    cluster = SimCluster(plan_of(seed, hosts=HOSTS, vms_per_host=2, **cluster_keys))
    cluster.start()
    at_s = QUIET_S
    changes: list[tuple[float, int, bool, Stroke]] = []
    for number, stroke in enumerate(strokes):
        at_s += stroke.after_s
        changes += [(at_s, number, True, stroke), (at_s + stroke.for_s, number, False, stroke)]
    active: dict[int, Stroke] = {}
    for change_s, number, begins, stroke in sorted(changes, key=lambda change: (change[0], change[2], change[1])):
        if begins:
            if any(clash(other.fault, stroke.fault) for other in active.values()):
                continue
            active[number] = stroke
            begin(cluster, str(number), stroke.fault, at_s=change_s)
        elif number in active:
            del active[number]
            end(cluster, str(number), at_s=change_s)
    cluster.run_for(round(settle_s * SECOND))
    cluster.write_evidence()
    return cluster


def two_writers(cluster: SimCluster) -> list[str]:
    """Every overlap of two writers on one VM's disk."""
    found = []
    for vm in cluster.config.vms:
        data = cluster.datastores.content(vm.datastore, disk_path(vm.name))
        spans: dict[tuple[str, int, int], tuple[int, int]] = {}
        for run in read_disk([data or b""]).runs:
            first, last = spans.get(_writer(run), (run.first_at_ns, run.last_at_ns))
            spans[_writer(run)] = min(first, run.first_at_ns), max(last, run.last_at_ns)
        in_order = sorted(spans.items(), key=lambda item: item[1])
        for (one, (_, last)), (other, (first, _)) in pairwise(in_order):
            if first <= last:
                found.append(f"{vm.name}: {one} wrote until {last / SECOND} s, {other} from {first / SECOND} s on")
    return found


def _writer(run: WriterRun) -> tuple[str, int, int]:
    return run.host, run.boot, run.life


def unsettled(cluster: SimCluster) -> list[str]:
    """The differences from what must hold in a healed cluster."""
    found = []
    roles = {moid: view.role if (view := cluster.view(moid)) else "no agent" for moid in cluster.hosts}
    if sorted(roles.values()) != ["master", *["slave"] * (len(roles) - 1)]:
        found.append(f"roles are {roles}")
    for vm in cluster.config.vms:
        where = [host.name for host in cluster.hosts.values() if host.runs(vm.name)]
        if len(where) != 1:
            found.append(f"{vm.name} runs on {where}")
    return found
