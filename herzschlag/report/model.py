"""Model of a run: roles, VMs, locks, storage access and faults as stretches of time.

This module decides how records become intervals: each lasts until the next record of the same thing, or until the host
that it is about loses power. It leaves drawing to `lanes.py`, `picture.py` and `sequence.py`. Truth about links and
power comes from `herzschlag.checkers.truth`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec

from herzschlag.checkers.truth import FOREVER, Span, Truth
from herzschlag.faults import primitives as p
from herzschlag.history.clock import Clock
from herzschlag.history.records import Record
from herzschlag.history.words import fault
from herzschlag.report.reading import Run

OFF, FROZEN, AGENT_DOWN, BOOTING = "off", "frozen", "agent-down", "uninitialized"


class Stretch(msgspec.Struct, frozen=True):
    """A state that lasted from one moment to another."""

    begin_ns: int
    end_ns: int
    state: str
    seq: int | None = None
    """Number of the record that began it."""
    who: str = ""
    """The host it concerns, when its place does not make that clear."""


class Fact(msgspec.Struct, frozen=True):
    """The truth about a host, and the opinions that were right then."""

    begin_ns: int
    end_ns: int
    so: str
    right: frozenset[str]


class Fault(msgspec.Struct, frozen=True):
    """A fault as it is drawn: asked for, in force, undone."""

    id: str
    about: str
    asked_ns: int
    begin_ns: int
    end_ns: int
    healed: bool
    seq: int
    end_seq: int | None
    lasting: bool
    """False for what happens once, such as a crashing VM."""


class Model:
    """Everything the drawings need, computed once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.history = run.history
        self.lab = run.lab
        self.hosts = run.lab.moids
        self.truth = Truth(run.history, run.scenario)
        self.end_ns = max(run.history.end_ns, 1)
        self.clock = Clock.of(run.history)
        self.facts: dict[tuple[str, str], tuple[Fact, ...]] = {}
        """Per (host, observer), the result of `belief.py`."""

    def seconds(self, at_ns: int) -> float:
        """Protocol seconds after T, as everything on a page counts."""
        return round(self.clock.seconds(at_ns), 4)

    @property
    def begin_s(self) -> float:
        return self.seconds(0)

    @property
    def end_s(self) -> float:
        return self.seconds(self.end_ns)

    @cached_property
    def ready(self) -> Record | None:
        found = self.history.of_kind("ready")
        return found[0] if found else None

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        ends = {record.get("id"): record for record in self.history.where("fault", phase="end")}
        found = []
        for span in self.truth.spans:
            record = span.begin
            end = ends.get(span.id)
            if end is not None and end.at_ns < span.begin_ns:
                end = None
            found.append(
                Fault(
                    id=span.id,
                    about=fault(record),
                    asked_ns=int(record.get("asked_ns") or record.at_ns),
                    begin_ns=span.begin_ns,
                    end_ns=min(span.end_ns, self.end_ns),
                    healed=end is not None,
                    seq=record.seq,
                    end_seq=None if end is None else end.seq,
                    lasting=bool(p.conditions(span.primitives)),
                )
            )
        return tuple(found)

    @cached_property
    def roles(self) -> dict[str, tuple[Stretch, ...]]:
        """Per host: its role by its own records, and what the faults made of it."""
        return {host: self._roles_of(host) for host in self.hosts}

    def _roles_of(self, host: str) -> tuple[Stretch, ...]:
        changes: list[tuple[int, int, str, int | None]] = [
            (record.at_ns, record.seq, str(record.get("to")), record.seq)
            for record in self.history.of_kind("role", node=host)
        ]
        for span in self.truth.spans:
            changes += self._disturbances(span, host, changes)
        changes.sort(key=lambda change: change[:2])
        if not changes or changes[0][0] > 0:
            changes.insert(0, (0, -1, BOOTING, None))
        return _until_next(((at, state, seq) for at, _, state, seq in changes), self.end_ns)

    def _disturbances(
        self, span: Span, host: str, changes: list[tuple[int, int, str, int | None]]
    ) -> list[tuple[int, int, str, int | None]]:
        """What one fault makes of a host's role: at its begin, and at its end."""
        begin, end = span.begin_ns, span.end_ns
        seq = span.begin.seq
        if p.PowerOff(host) in span.primitives:
            return [(begin, seq, OFF, seq), (end, seq, BOOTING, None)]
        if p.AgentDown(host, False) in span.primitives:
            return [(begin, seq, AGENT_DOWN, seq), (end, seq, BOOTING, None)]
        if p.AgentDown(host, True) in span.primitives:
            return [(begin, seq, AGENT_DOWN, seq)]
        if p.Frozen(host) in span.primitives:
            before = [state for at, _, state, _ in sorted(changes, key=lambda c: c[:2]) if at <= begin]
            return [(begin, seq, FROZEN, seq), (end, seq, before[-1] if before else BOOTING, None)]
        return []

    def role_at(self, host: str, at_ns: int) -> str:
        return next((s.state for s in self.roles[host] if s.begin_ns <= at_ns < s.end_ns), self.roles[host][-1].state)

    @cached_property
    def reigns(self) -> tuple[Stretch, ...]:
        """Every time a host was a master."""
        return tuple(
            msgspec.structs.replace(s, who=host)
            for host, stretches in self.roles.items()
            for s in stretches
            if s.state == "master"
        )

    def masters_at(self, at_ns: int) -> tuple[str, ...]:
        return tuple(s.who for s in self.reigns if s.begin_ns <= at_ns < s.end_ns)

    @cached_property
    def off(self) -> dict[str, tuple[int, ...]]:
        """Per host, when it lost power."""
        return {
            host: tuple(s.begin_ns for s in self.truth.spans if p.PowerOff(host) in s.primitives) for host in self.hosts
        }

    @cached_property
    def vms(self) -> dict[str, tuple[Stretch, ...]]:
        """Per VM: where it ran, and in which state."""
        found: dict[str, list[Stretch]] = {vm: [] for vm in self.truth.vms}
        by_place: dict[tuple[str, str], list[Record]] = {}
        for record in self.history.of_kind("vm"):
            by_place.setdefault((str(record.get("vm")), record.node), []).append(record)
        for (vm, host), records in by_place.items():
            cuts = self.off.get(host, ())
            for index, record in enumerate(records):
                end = records[index + 1].at_ns if index + 1 < len(records) else self.end_ns
                end = min([end, *(cut for cut in cuts if cut >= record.at_ns)])
                state = str(record.get("to"))
                if state != "off" and end > record.at_ns:
                    found.setdefault(vm, []).append(Stretch(record.at_ns, end, state, record.seq, host))
        return {vm: tuple(sorted(stretches, key=lambda s: s.begin_ns)) for vm, stretches in found.items()}

    @cached_property
    def locks(self) -> dict[tuple[str, str], tuple[Stretch, ...]]:
        """Per (datastore, path): the holder of the lock; `left` while it had no power and no other host had taken
        it."""
        changes: dict[tuple[str, str], list[tuple[int, str, str, int | None]]] = {}
        holders: dict[tuple[str, str], str] = {}
        for record in self._with_power_cuts("lock"):
            if record.kind == "fault":
                for span in self.truth.spans:
                    if span.begin.seq == record.seq:
                        for key, holder in holders.items():
                            if p.PowerOff(holder) in span.primitives:
                                changes[key].append((record.at_ns, "left", holder, record.seq))
                continue
            key = (str(record.get("datastore")), str(record.get("path")))
            to, node = str(record.get("to")), record.node
            if to == "held":
                holders[key] = node
                changes.setdefault(key, []).append((record.at_ns, "held", node, record.seq))
            elif to in ("free", "lost") and holders.get(key) == node:
                del holders[key]
                changes[key].append((record.at_ns, to, node, record.seq))
        return {key: tuple(self._holds(items)) for key, items in changes.items()}

    def _holds(self, items: list[tuple[int, str, str, int | None]]) -> Iterable[Stretch]:
        for stretch in _until_next(((at, f"{to} {who}", seq) for at, to, who, seq in items), self.end_ns):
            to, _, who = stretch.state.partition(" ")
            if to != "free":
                yield msgspec.structs.replace(stretch, state=to, who=who)

    def _with_power_cuts(self, kind: str) -> list[Record]:
        begins = [span.begin for span in self.truth.spans if any(isinstance(c, p.PowerOff) for c in span.primitives)]
        return sorted([*self.history.of_kind(kind), *begins], key=lambda record: record.seq)

    @cached_property
    def storage(self) -> dict[tuple[str, str], tuple[Stretch, ...]]:
        """Per (host, datastore): its access, as its own records say."""
        changes: dict[tuple[str, str], list[tuple[int, str, int | None]]] = {}
        for record in self.history.of_kind("datastore"):
            key = (record.node, str(record.get("datastore")))
            changes.setdefault(key, []).append((record.at_ns, str(record.get("to")), record.seq))
        for host, cuts in self.off.items():
            for key, items in changes.items():
                if key[0] == host:
                    items += [(cut, OFF, None) for cut in cuts]
                    items.sort(key=lambda item: item[0])
        return {key: _until_next(items, self.end_ns) for key, items in changes.items()}

    @cached_property
    def opinions(self) -> dict[tuple[str, str], tuple[Stretch, ...]]:
        """Per (observer, host): the observer's opinion of the host; an observing host only while it is a master."""
        changes: dict[tuple[str, str], list[tuple[int, str, int | None]]] = {}
        for record in self.history.of_kind("host-state"):
            key = (record.node, str(record.get("host")))
            changes.setdefault(key, []).append((record.at_ns, str(record.get("to")), record.seq))
        for (observer, _), items in changes.items():
            if observer in self.roles:
                items += [(s.begin_ns, "none", s.seq) for s in self.roles[observer] if s.state != "master"]
                items.sort(key=lambda item: (item[0], item[2] or 0))
        return {
            key: tuple(s for s in _until_next(items, self.end_ns) if s.state not in ("none", "unknown"))
            for key, items in changes.items()
        }

    @cached_property
    def silences(self) -> dict[tuple[str, str, str], tuple[Stretch, ...]]:
        """Per (observer, host, network): stretches in which the observer heard nothing of the host there."""
        changes: dict[tuple[str, str, str], list[tuple[int, str, int | None]]] = {}
        for record in self.history.of_kind("path"):
            key = (record.node, str(record.get("host")), str(record.get("network")))
            changes.setdefault(key, []).append((record.at_ns, str(record.get("to")), record.seq))
        for (observer, _, _), items in changes.items():
            items += [(cut, "none", None) for cut in self.off.get(observer, ())]
            items.sort(key=lambda item: item[0])
        return {
            key: tuple(s for s in _until_next(items, self.end_ns) if s.state == "silent")
            for key, items in changes.items()
        }


def _until_next(items: Iterable[tuple[int, str, int | None]], end_ns: int) -> tuple[Stretch, ...]:
    """Each state lasts until the next; stretches of no length and equal neighbours vanish."""
    listed = [item for item in items if item[0] < min(end_ns, FOREVER)]
    found: list[Stretch] = []
    for index, (at, state, seq) in enumerate(listed):
        end = listed[index + 1][0] if index + 1 < len(listed) else end_ns
        if end <= at:
            continue
        if found and found[-1].state == state and found[-1].end_ns == at:
            found[-1] = msgspec.structs.replace(found[-1], end_ns=end)
        else:
            found.append(Stretch(at, end, state, seq))
    return tuple(found)
