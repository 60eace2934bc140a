"""The present state of a cluster by its records: roles, opinions and VMs, and the last record of every thing.

This is the one place that turns records into a state. It takes records as they come; it does not know the faults, so a
caller that knows of a loss of power says so. What the states mean for a verdict is the checkers' business
(`checkers/truth.py`), and how they lasted is the report's (`report/model.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from herzschlag.agents.states import RUNNING
from herzschlag.history.kinds import KINDS
from herzschlag.history.records import Record


class Standing:
    """The present state of a cluster, record by record."""

    def __init__(self) -> None:
        self.roles: dict[str, str] = {}
        """Each host's role, as it recorded last."""
        self.opinions: dict[tuple[str, str], str] = {}
        """For each (observer, host), the state that the observer believes the host is in."""
        self.links: dict[tuple[str, str, str], str] = {}
        """For each (host, peer, network), what the host of another system thinks of that link."""
        self.vms: dict[tuple[str, str], str] = {}
        """For each (VM, host), the VM's state there; a VM that is off is left out."""
        self.protected: set[str] = set()
        """VMs that a master has written down."""

    def see(self, item: Record) -> None:
        fields = item.fields
        match item.kind:
            case "role":
                self.roles[item.node] = fields["to"]
            case "host-state":
                self.opinions[item.node, fields["host"]] = fields["to"]
            case "link":
                self.links[item.node, fields["peer"], fields["network"]] = fields["to"]
            case "vm" if fields["to"] == "off":
                self.vms.pop((fields["vm"], item.node), None)
            case "vm":
                self.vms[fields["vm"], item.node] = fields["to"]
            case "protect":
                self.protected.add(fields["vm"])
            case _:
                pass

    def lost_power(self, hosts: Iterable[str]) -> None:
        """Forget the VMs of these hosts, which are gone without a record."""
        gone = set(hosts)
        self.vms = {place: state for place, state in self.vms.items() if place[1] not in gone}

    def forget(self, hosts: Iterable[str]) -> None:
        """Forget everything that these hosts recorded."""
        gone = set(hosts)
        self.lost_power(gone)
        self.roles = {host: role for host, role in self.roles.items() if host not in gone}
        self.opinions = {key: state for key, state in self.opinions.items() if key[0] not in gone}
        self.links = {key: state for key, state in self.links.items() if key[0] not in gone}

    @property
    def masters(self) -> list[str]:
        return [host for host, role in self.roles.items() if role == "master"]

    def seen_as(self, host: str, observers: Iterable[str]) -> str:
        """The host's state by the first of the observers that has an opinion; empty without one."""
        return next((state for by in observers if (state := self.opinions.get((by, host)))), "")

    def running(self) -> list[tuple[str, str]]:
        """(VM, host) of every VM that runs."""
        return [place for place, state in self.vms.items() if state in RUNNING]


Thing = tuple[Any, ...]
"""Node, kind, and the fields that say what a record is about."""


def latest(records: Sequence[Record]) -> list[Record]:
    """The last record of each thing that has a state, and each process's latest timer, in order of time."""
    last: dict[Thing, Record] = {}
    for item in records:
        if KINDS[item.kind].entry.state_of is not None:
            last[_thing(item)] = item
        elif item.kind == "lateness":
            key = (item.node, item.kind, item.get("process"))
            if key not in last or _late_ns(item) >= _late_ns(last[key]):
                last[key] = item
    return sorted(last.values(), key=lambda item: item.at_ns)


def snapshot(records: Sequence[Record]) -> Mapping[Thing, tuple[Any, ...]]:
    """The state of each thing, comparable: equal means that a test would notice no difference."""
    found = {}
    for item in latest(records):
        entry = KINDS[item.kind].entry
        state = tuple(item.get(name) for name in entry.states)
        if item.kind != "lateness" and state != entry.untold:
            found[_thing(item)] = state
    return found


def _thing(item: Record) -> Thing:
    return (item.node, item.kind, *(item.get(name) for name in KINDS[item.kind].entry.state_of or ()))


def _late_ns(item: Record) -> int:
    return int(item.get("max_ns") or 0)
