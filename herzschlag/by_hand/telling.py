"""A running cluster in words, for people: one line, the few lines of a failure, a table for a notebook.

This module decides what is said about a cluster and in how many lines. Times count from the first fault: T+17.99 s. It
leaves the sentences of records to `history/words.py`, and the whole story to the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from herzschlag.faults import Fault
from herzschlag.history.fault_words import in_words
from herzschlag.history.records import SECOND, Record
from herzschlag.history.words import clause, sentence
from herzschlag.topo.spec import VCENTER

STATE_OF_ROLE = {"master": "master", "slave": "connectedToMaster"}
"""What vCenter shows of a host with which nothing is wrong, by the host's role."""
VMS_TOLD = 6
LINE_MAX = 150
MUST = ("fault", "machinery", "role", "vm", "isolation", "user")
"""Kinds of records that a story has as long as there is room: what was done, and what became of it."""
REST = ("host-state", "liveness", "restart", "mastership", "datastore", "vmcp", "guest", "election", "agent")
"""Kinds that fill the room that is left, in this order: why it became so."""


class Told(NamedTuple):
    """What is to be said about a cluster at one moment."""

    backend: str
    now_ns: int
    ready_ns: int
    first_ns: int | None
    """When the first fault began to be in force; None: nothing was broken yet."""
    roles: Mapping[str, str]
    seen: Mapping[str, str]
    """Each host as vCenter shows it."""
    vms: Mapping[str, Sequence[str]]
    """Each VM to the hosts on which it runs."""
    placement: Mapping[str, str]
    """Where each VM ran at the start."""
    active: Mapping[str, Fault]

    def clock(self, at_ns: int, digits: int = 2) -> str:
        if self.first_ns is None:
            return f"{(at_ns - self.ready_ns) / SECOND:.{digits}f} s after it was ready"
        return f"T{(at_ns - self.first_ns) / SECOND:+.{digits}f} s"

    def hosts(self) -> str:
        """`host-99 leads host-100; host-98 off`"""
        masters = [host for host, role in self.roles.items() if role == "master"]
        slaves = [host for host, role in self.roles.items() if role == "slave"]
        leads = f"{' and '.join(masters)} {'leads' if len(masters) == 1 else 'lead'}" if masters else "no master"
        follow = (f" {', '.join(slaves)}" if masters else f", {', '.join(slaves)} without one") if slaves else ""
        others = [f"{host} {role}" for host, role in self.roles.items() if role not in ("master", "slave")]
        return "; ".join([f"{leads}{follow}", *others])

    def in_force(self) -> str:
        return f"fault{'s' if len(self.active) > 1 else ''} {', '.join(map(repr, self.active))}"

    def line(self) -> str:
        """The cluster in one line, as `repr` shows it."""
        parts = [self.hosts(), *([self.in_force()] if self.active else [])]
        return f"<Cluster {self.backend} {self.clock(self.now_ns, 1)}: {'; '.join(parts)}>"

    def state(self) -> list[str]:
        """Three lines at most: hosts, VMs, faults in force."""
        doubted = [
            f"{host} as {state}"
            for host, state in self.seen.items()
            if state != STATE_OF_ROLE.get(self.roles[host], "")
        ]
        shows = f" (vCenter shows {', '.join(doubted)})" if doubted else ""
        found = [f"now:      {self.clock(self.now_ns)}: {self.hosts()}{shows}"]
        if self.vms:
            found.append(f"VMs:      {self._vms()}")
        faults = [f"{name!r} ({in_words(fault)})" for name, fault in self.active.items()]
        found.append(f"in force: {', '.join(faults) or 'no fault'}")
        return [_cut(line) for line in found]

    def _vms(self) -> str:
        """Those that run elsewhere than at the start, or nowhere, or twice; the number of the others."""
        moved = {vm: hosts for vm, hosts in self.vms.items() if list(hosts) != [self.placement.get(vm)]}
        told = [f"{vm} {'on ' + ' and '.join(hosts) if hosts else 'runs nowhere'}" for vm, hosts in moved.items()]
        more = [f"{len(told) - VMS_TOLD} others elsewhere or nowhere"] if len(told) > VMS_TOLD else []
        rest = len(self.vms) - len(moved)
        stayed = [f"{rest} where {'it was' if rest == 1 else 'they were'}"] if rest else []
        return ", ".join([*told[:VMS_TOLD], *more, *stayed])

    def story(self, records: Iterable[Record], lines: int) -> list[str]:
        """What happened since the first fault, in at most so many lines."""
        if self.first_ns is None:
            return ["nothing was broken"]
        since = [r for r in records if r.at_ns >= self.first_ns and _rank(r) is not None]
        by_rank = sorted(range(len(since)), key=lambda position: (_rank(since[position]), position))
        must = [position for position in by_rank if since[position].kind in MUST]
        if len(must) <= lines:
            return [self._told(since[position]) for position in sorted(by_rank[:lines])]
        must.sort()
        first = lines // 2
        last = must[len(must) - (lines - first - 1) :]
        left = f"{'…':>10}  {len(must) - first - len(last)} more, which the report has"
        return [*(self._told(since[at]) for at in must[:first]), left, *(self._told(since[at]) for at in last)]

    def _told(self, record: Record) -> str:
        return _cut(f"{self.clock(record.at_ns):>10}  {sentence(record)}{clause(record)}")

    def table(self) -> str:
        """The same as a small table, for a notebook."""
        rows = [
            (host, role, self.seen[host], ", ".join(vm for vm, hosts in self.vms.items() if host in hosts))
            for host, role in self.roles.items()
        ]
        head = "".join(f"<th>{word}</th>" for word in ("host", "role", f"seen by {VCENTER}", "VMs"))
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        faults = "".join(f"<li>{escape(name)}: {escape(in_words(fault))}</li>" for name, fault in self.active.items())
        title = f"Cluster, {self.backend}, {self.clock(self.now_ns, 1)}"
        return (
            f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{f'<p>In force:</p><ul>{faults}</ul>' if faults else ''}"
        )


def _rank(record: Record) -> int | None:
    """0 for what a story must have, then in the order of REST; None for what is left out."""
    if record.kind in MUST:
        return 0
    if record.kind not in REST:
        return None
    repeats = record.kind == "host-state" and record.node == VCENTER  # what its master told it
    return len(REST) + 1 if repeats else REST.index(record.kind) + 1


def _cut(line: str) -> str:
    return line if len(line) <= LINE_MAX else f"{line[: LINE_MAX - 1]}…"
