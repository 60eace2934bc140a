"""Truth of each moment, computed from the faults in force and the topology and not from any host's opinion.

This module decides which nodes have power, which reach each other or a datastore, and which VM process runs where. It
leaves conclusions to the checkers. Impairments such as loss are not counted as cuts: they delay,
and the checkers that need to know ask `impaired`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import msgspec

from herzschlag.agents import states
from herzschlag.checkers.clocks import ClockSpan, WrongClocks, wrong_clocks
from herzschlag.checkers.segments import Segment, Traffic
from herzschlag.checkers.told import UNMONITORED, as_told
from herzschlag.faults import Fault, of_values
from herzschlag.faults import primitives as p
from herzschlag.faults.line_quality import MILLISECOND
from herzschlag.history.clock import Clock
from herzschlag.history.records import SECOND, History, Record
from herzschlag.scenarios.model import Scenario
from herzschlag.topo.spec import GATEWAY, VCENTER

RUNNING = states.RUNNING
FOREVER = 1 << 62


class Span(msgspec.Struct, frozen=True):
    """A fault in force."""

    id: str
    begin_ns: int
    end_ns: int
    primitives: tuple[p.Primitive, ...]
    begin: Record
    end: int
    """Number of the record that ended it."""


class Stay(msgspec.Struct, frozen=True):
    """A VM running on a host."""

    vm: str
    host: str
    begin_ns: int
    end_ns: int
    begin: int
    """Number of the record that began it."""

    def overlaps(self, other: Stay) -> bool:
        return self.begin_ns < other.end_ns and other.begin_ns < self.end_ns


class Truth:
    """Everything is computed once, from one history."""

    _latest: ClassVar[Truth | None] = None

    @classmethod
    def of(cls, history: History, scenario: Scenario) -> Truth:
        """The truth of this run: made once for all who ask one after the other, as the checkers of a run do."""
        latest = cls._latest
        if latest is None or latest.history is not history or latest.scenario is not scenario:
            cls._latest = latest = cls(history, scenario)
        return latest

    def __init__(self, history: History, scenario: Scenario) -> None:
        self.history = history
        self.scenario = scenario
        self.lab = scenario.cluster.topology()
        self.networks = scenario.cluster.networks_used()
        """Those on which hosts speak to each other."""
        self.vms = scenario.cluster.vm_configs()
        self.timers = scenario.cluster.timers()
        self.monitored = scenario.cluster.host_monitoring
        self._io_limit_ns = self.timers.vmfs_io_limit_ns
        self.watch_ns = self.timers.datastore_watch_ns
        """How long a master watches the datastore heartbeats of a silent host."""
        self.end_ns = history.end_ns
        self.clock = Clock.of(history)
        self._groups_of: dict[int, tuple[frozenset[str], ...]] = {}

    def told(self, at_ns: int, decimals: int = 2) -> str:
        """An instant as findings write it: `T+17.99`."""
        return self.clock.told(at_ns, decimals)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        ends = {r.fields["id"]: (r.at_ns, r.seq) for r in self.history.where("fault", phase="end")}
        found = []
        for begin in self.history.where("fault", phase="begin"):
            name, done = str(begin.fields["id"]), fault_of(begin).primitives(self.lab)
            end_ns, end = ends.get(name, (FOREVER, FOREVER))
            found.append(Span(name, begin.at_ns, end_ns, done, begin, end))
        return tuple(found)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Undoing takes a moment in which packets pass already: it is a segment of its own, so that what happens then
        is not held against the one before."""
        ends = self.history.where("fault", phase="end")
        asked = {int(r.fields["asked_ns"]) for r in ends if r.get("asked_ns") is not None}
        begun = {span.begin_ns for span in self.spans}
        over = {min(span.end_ns, self.end_ns) for span in self.spans}
        within = (at for at in asked | self.clocks.changes() if 0 < at < self.end_ns)
        marks = sorted({0, self.end_ns, *begun, *over, *within})
        return as_told((Segment(begin, end, self._conditions_at(begin)) for begin, end in pairwise(marks)), self.lab)

    def _conditions_at(self, at_ns: int) -> frozenset[p.AnyCondition]:
        still = tuple(p.Frozen(host=w.host) for w in self.clocks.stalls if w.begin_ns <= at_ns < w.end_ns)
        found = p.combined([*(s.primitives for s in self.spans if s.begin_ns <= at_ns < s.end_ns), still])
        return frozenset(c for c in found if not (isinstance(c, p.AgentDown) and self._booted(c, at_ns)))

    def _booted(self, down: p.AgentDown, at_ns: int) -> bool:
        """Whether the host was booted since its agent was killed, or had no power then: a boot starts the agent. What
        an instant did first is what was recorded first."""
        killed = max(s.begin.seq for s in self.spans if down in s.primitives and s.begin_ns <= at_ns)
        off = p.PowerOff(down.host)
        return any(off in s.primitives and s.begin_ns <= at_ns and s.end > killed for s in self.spans)

    def segment_at(self, at_ns: int) -> Segment:
        for segment in self.segments:
            if segment.begin_ns <= at_ns < segment.end_ns:
                return segment
        return Segment(at_ns, at_ns, self._conditions_at(at_ns))

    def between(self, begin_ns: int, end_ns: int) -> Iterator[Segment]:
        """Segments that touch this stretch."""
        yield from (s for s in self.segments if s.begin_ns <= end_ns and begin_ns < s.end_ns)

    # --- one moment ---

    def powered(self, node: str, segment: Segment) -> bool:
        return p.PowerOff(node) not in segment.conditions

    def vcenter_runs(self, at_ns: int) -> bool:
        """Whether vCenter takes wishes: one that comes while it is down is lost."""
        segment = self.segment_at(at_ns)
        return self.powered(VCENTER, segment) and p.VcenterDown() not in segment.conditions

    def vcenter_reaches(self, host: str, segment: Segment) -> bool:
        """Whether vCenter runs and speaks with the host, both ways."""
        return self.vcenter_runs(segment.begin_ns) and self.linked(VCENTER, host, segment, "8182")

    def agent_runs(self, host: str, segment: Segment) -> bool:
        """Its host has power and the agent is neither frozen nor dead."""
        return host not in segment.without_agent

    def agent_works(self, host: str, segment: Segment) -> bool:
        """It runs and takes part: a host in maintenance mode speaks to vCenter alone."""
        return host not in segment.without_agent and host not in segment.resting

    def passes(self, network: str, src: str, dst: str, segment: Segment, what: Traffic) -> bool:
        """Whether a packet of `src` reaches `dst` on this network."""
        return segment.stops.passes(network, src, dst, what)

    def linked(self, a: str, b: str, segment: Segment, what: Traffic = "join") -> bool:
        """Whether the two reach each other, both ways on one network."""
        stops = segment.stops
        return any(stops.passes(network, a, b, what) and stops.passes(network, b, a, what) for network in self.networks)

    def hears(self, dst: str, src: str, segment: Segment) -> bool:
        """Whether agent traffic of `src` reaches `dst` on any network."""
        return any(self.passes(network, src, dst, segment, "8182") for network in self.networks)

    def silenced_at(self, at_ns: int) -> frozenset[tuple[str, str]]:
        """Sender and receiver of heartbeats that a change at that instant stopped, be it on one network alone."""
        before, after = self.segment_at(at_ns - 1), self.segment_at(at_ns)

        def sends(network: str, src: str, dst: str, segment: Segment) -> bool:
            return self.agent_works(src, segment) and self.passes(network, src, dst, segment, "8182")

        return frozenset(
            (src, dst)
            for src in self.lab.moids
            for dst in self.lab.moids
            for network in self.networks
            if src != dst and sends(network, src, dst, before) and not sends(network, src, dst, after)
        )

    def answers(self, host: str, address: str, segment: Segment) -> bool:
        """Whether a ping of `host` to `address` is answered."""
        found = self.lab.node_of_address(address)
        if found is None:
            return False
        node, network = found
        if node == GATEWAY and (p.GatewaySilent() in segment.conditions or not self.powered(node, segment)):
            return False
        return self.passes(network, host, node, segment, "icmp") and self.passes(network, node, host, segment, "icmp")

    def reaches_storage(self, host: str, segment: Segment, datastore: str | None = None) -> bool:
        """Whether the host reads and writes that datastore, or any. On a full one it writes in place: its heartbeats
        and locks that are there; on a stale one what it writes is there. A slow one counts as hanging for a host whose
        operations take as long as the limit of one."""
        lost = {c.datastore for c in _storage(segment, host) if self._keeps_out(c)}
        seen = {d.name for d in self.lab.datastores_of(host)} - lost
        return bool(seen) if datastore is None else datastore in seen

    def _keeps_out(self, condition: p.StorageLost) -> bool:
        if condition.access == "slow":
            return condition.delay_ms * MILLISECOND >= self._io_limit_ns
        return condition.access not in ("full", "stale")

    def writes_files(self, host: str, segment: Segment) -> bool:
        """Whether what the host writes can grow anywhere: a full datastore takes heartbeats, and no list of VMs."""
        full = {c.datastore for c in _storage(segment, host) if c.access == "full"}
        names = [d.name for d in self.lab.datastores_of(host)]
        return any(name not in full and self.reaches_storage(host, segment, name) for name in names)

    def writes_everywhere(self, host: str, segment: Segment) -> bool:
        """Whether what the host writes can grow on each of its datastores."""
        full = {c.datastore for c in _storage(segment, host) if c.access == "full"}
        return not full and all(self.reaches_storage(host, segment, d.name) for d in self.lab.datastores_of(host))

    def sees_storage(self, host: str, segment: Segment, datastore: str) -> bool:
        """Whether the host reaches the datastore, and reads what is there now."""
        stale = {c.datastore for c in _storage(segment, host) if c.access == "stale"}
        return datastore not in stale and self.reaches_storage(host, segment, datastore)

    def io_delay_ns(self, host: str, segment: Segment, datastore: str) -> int:
        """How long each of the host's operations on the datastore takes."""
        slow = [c.delay_ms for c in _storage(segment, host) if c.access == "slow" and c.datastore == datastore]
        return round(max(slow, default=0.0) * MILLISECOND)

    def mounts(self, host: str, segment: Segment) -> int:
        """How many datastores the host has access to, be it only to read."""
        lost = {c.datastore for c in _storage(segment, host) if c.access in ("apd", "pdl")}
        return sum(d.name not in lost for d in self.lab.datastores_of(host))

    def keeps_locks(self, host: str, datastore: str, segment: Segment) -> bool:
        """Whether the host can renew its locks on that datastore and see whether it has them: it has power, moves, and
        reaches it."""
        moves = self.powered(host, segment) and p.Frozen(host) not in segment.conditions
        return moves and self.sees_storage(host, segment, datastore)

    def saw_old_data(self, hosts: Iterable[str], datastore: str, at_ns: int) -> bool:
        """Whether one of the hosts, at some time in the lock watch before, read what had been there earlier. No lock on
        storage is safe from that (docs/weaknesses.md)."""
        lately = list(self.between(at_ns - self.timers.vmfs_lock_watch_ns, at_ns))
        return any(p.StorageLost(host, datastore, "stale") in s.conditions for host in hosts for s in lately)

    @cached_property
    def never_monitored(self) -> bool:
        """Whether host monitoring is off from the beginning, and no fault has to do with it."""
        options = {one.option for span in self.spans for one in span.primitives if isinstance(one, p.Reconfigured)}
        return not self.monitored and UNMONITORED.option not in options

    def stood_still(self, host: str, begin_ns: int, end_ns: int) -> bool:
        """Whether the host was frozen, or its clock stood still, at some time between."""
        return any(p.Frozen(host) in segment.conditions for segment in self.between(begin_ns, end_ns))

    def renewal_ns(self, datastore: str) -> int:
        """A host that can renew its locks on that datastore again has done so after this time (5)."""
        kind = self.lab.datastore(datastore).kind
        return self.timers.vmfs_heartbeat_ns if kind == "vmfs" else self.timers.nfs_lock_renew_ns

    def without_locks_ns(self, host: str, datastore: str, at_ns: int) -> tuple[int, int]:
        """Around this instant, or just before it, the stretch in which the host could not renew its locks on that
        datastore, from its begin to its end; (at, at) where it could."""
        begin_ns, end_ns = at_ns, at_ns
        for segment in reversed([s for s in self.segments if s.begin_ns < at_ns]):
            if not self.keeps_locks(host, datastore, segment):
                begin_ns = segment.begin_ns
            elif begin_ns < at_ns or at_ns - segment.begin_ns >= self.renewal_ns(datastore):
                break
        for segment in (s for s in self.segments if s.end_ns > at_ns):
            if begin_ns == at_ns or self.keeps_locks(host, datastore, segment):
                break
            end_ns = segment.end_ns
        return begin_ns, end_ns

    def impaired(self, segment: Segment) -> bool:
        """Whether lines are bad, a clock is wrong or was until lately, or hosts disagree on who is in maintenance."""
        if segment.disagreed or segment.bad:
            return True
        return any(w.begin_ns <= segment.begin_ns < w.end_ns for w in self.clocks.unrest)

    @cached_property
    def clocks(self) -> WrongClocks:
        """When hosts' clocks were set, and stood still because of it."""
        spans = [
            ClockSpan(c.host, s.begin_ns, s.end_ns, int(c.offset_s * SECOND))
            for s in self.spans
            for c in s.primitives
            if isinstance(c, p.ClockOff)
        ]
        return wrong_clocks(spans)

    def groups(self, segment: Segment) -> tuple[frozenset[str], ...]:
        """Hosts with a working agent, joined by two-way links, transitively."""
        found = self._groups_of.get(segment.begin_ns)
        if found is None:
            found = self._groups_of[segment.begin_ns] = self._grouped(segment)
        return found

    def _grouped(self, segment: Segment) -> tuple[frozenset[str], ...]:
        left = [host for host in self.lab.moids if self.agent_works(host, segment)]
        groups = []
        while left:
            group, edge = {left[0]}, [left[0]]
            while edge:
                here = edge.pop()
                near = [host for host in left if host not in group and self.linked(here, host, segment)]
                group.update(near)
                edge += near
            groups.append(frozenset(group))
            left = [host for host in left if host not in group]
        return tuple(groups)

    def clique(self, group: frozenset[str], segment: Segment) -> bool:
        """All reach each other, and no host outside is heard one way only."""
        inside = all(self.linked(a, b, segment) for a in group for b in group if a < b)
        outside = [host for host in self.lab.moids if host not in group and self.agent_works(host, segment)]
        return inside and not any(
            self.hears(a, b, segment) or self.hears(b, a, segment) for a in group for b in outside
        )

    # --- what the records say of roles and VMs ---

    def role(self, host: str, at_ns: int) -> str:
        """By its own records; `off` without power, `uninitialized` from the death of its agent until the next one
        says more, which takes a moment after the fault has ended."""
        if not self.powered(host, self.segment_at(at_ns)):
            return "off"
        record = self.history.last("role", at_ns, node=host)
        died = max((d.seq for d, _ in self._deaths.get(host, ()) if d.at_ns <= at_ns), default=-1)
        return "uninitialized" if record is None or record.seq < died else str(record.fields["to"])

    def next_death_ns(self, host: str, at_ns: int, *, of_agent: bool) -> int:
        """When from that instant on the host first lost power, or, `of_agent`, its agent first died."""
        deaths = self._deaths.get(host, ())
        return min((d.at_ns for d, power in deaths if d.at_ns >= at_ns and (power or of_agent)), default=FOREVER)

    @cached_property
    def _deaths(self) -> dict[str, tuple[tuple[Record, bool], ...]]:
        """Per host, the records of faults that ended its agent, and whether with its power or alone."""
        found: dict[str, list[tuple[Record, bool]]] = {}
        for span in self.spans:
            for one in span.primitives:
                match one:
                    case p.PowerOff(node=host) | p.AgentDown(host=host):
                        found.setdefault(host, []).append((span.begin, isinstance(one, p.PowerOff)))
                    case _:
                        pass
        return {host: tuple(at) for host, at in found.items()}

    def speaks(self, host: str, to: str, at_ns: int) -> str:
        """The role of a host that sends to the other each second, else nothing. A slave sends to its master alone, and
        a candidate perhaps only to a better one."""
        role = self.role(host, at_ns)
        if role == "slave":
            last = self.history.last("role", at_ns, node=host)
            return role if last is not None and last.get("master") == to else ""
        return role if role in ("master", "isolated") else ""

    @cached_property
    def stays(self) -> dict[str, tuple[Stay, ...]]:
        """Per VM, where it ran and when; a host that loses power ends the stays on it."""
        found: dict[str, list[Stay]] = {vm: [] for vm in self.vms}
        open_stays: dict[tuple[str, str], Record] = {}
        events: list[tuple[int, int, str, Record]] = [(r.at_ns, r.seq, r.node, r) for r in self.history.of_kind("vm")]
        for span in self.spans:
            off = [c.node for c in span.primitives if isinstance(c, p.PowerOff)]
            events += [(span.begin_ns, span.begin.seq, node, span.begin) for node in off]
        for at_ns, seq, node, record in sorted(events, key=lambda event: event[:2]):
            if record.kind == "fault":
                for vm, host in [key for key in open_stays if key[1] == node]:
                    begin = open_stays.pop((vm, host))
                    found[vm].append(Stay(vm, host, begin.at_ns, at_ns, begin.seq))
                continue
            vm = str(record.fields["vm"])
            runs = record.fields["to"] in RUNNING
            # What ends in the instant in which its host loses power is told after that, and is not a start.
            if runs and (vm, node) not in open_stays and record.get("from") not in RUNNING:
                open_stays[vm, node] = record
            elif not runs and (begun := open_stays.pop((vm, node), None)) is not None:
                found.setdefault(vm, []).append(Stay(vm, node, begun.at_ns, at_ns, begun.seq))
            del seq
        for (vm, host), begin in open_stays.items():
            found.setdefault(vm, []).append(Stay(vm, host, begin.at_ns, FOREVER, begin.seq))
        return {vm: tuple(sorted(stays, key=lambda stay: stay.begin_ns)) for vm, stays in found.items()}

    def running_on(self, vm: str, at_ns: int) -> tuple[Stay, ...]:
        return tuple(stay for stay in self.stays.get(vm, ()) if stay.begin_ns <= at_ns < stay.end_ns)


def _storage(segment: Segment, host: str) -> list[p.StorageLost]:
    return [c for c in segment.conditions if isinstance(c, p.StorageLost) and c.host == host]


def fault_of(record: Record) -> Fault:
    """The fault that a `fault` record is about."""
    return of_values(record.fields["value"])
