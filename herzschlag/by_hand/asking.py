"""The questions that a running cluster answers: roles, opinions, VMs, records.

This module decides what can be asked, and that a question with a misspelt name is an error. It leaves how records
become a state to `history/standing.py`, and how time passes between two questions to `herzschlag.cluster`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herzschlag.backends.base import Session
from herzschlag.by_hand.names import Names
from herzschlag.by_hand.words import Role, State, role, state
from herzschlag.errors import HerzschlagError
from herzschlag.history.records import Record
from herzschlag.history.standing import Thing, snapshot
from herzschlag.running.record_cursor import Present
from herzschlag.scenarios.plan import Plan


class ConditionNotMet(HerzschlagError, AssertionError):
    """A condition did not come true in time; the text says what was so instead, and what happened."""

    __module__ = "herzschlag"  # where users find it


class Asking:
    """Every name in a question is checked: InputError with the nearest one for a host, a VM, or a record that this
    cluster does not have."""

    session: Session
    """The lab, as the backend runs it: for tools that look below the agents (`herzschlag/backends/base.py`)."""
    plan: Plan
    """The cluster as it was made: `plan.topology`, `plan.config`, `plan.timers`, `plan.speed`, `plan.seed`."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self.session = session
        self.plan = plan
        self._names = Names(plan.topology, (vm.name for vm in plan.config.vms))
        self._present = Present(session.records)
        self._dark: dict[str, frozenset[str]] = {}
        """Hosts without power, by active fault."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """MOIDs of all hosts."""
        return self._names.hosts

    @property
    def vms(self) -> tuple[str, ...]:
        """Names of all VMs, those that are off included."""
        return self._names.vms

    @property
    def records(self) -> tuple[Record, ...]:
        """Everything that hosts and vCenter recorded so far, in order of arrival."""
        return tuple(self.session.records())

    def records_of(self, kind: str, *, node: str | None = None, **fields: Any) -> list[Record]:
        """Records so far of this kind, with these fields, by this node. Raises InputError for a kind, a node, a field
        or a value that no record ever has."""
        self._names.record(kind, node, fields)
        return self._present.of_kind(kind, node, fields)

    def role(self, host: str) -> Role:
        """The host's role as it sees it: uninitialized, election, slave, master, isolated; `off` without power.
        Compared with any other word it raises InputError."""
        self._names.host(host)
        if any(host in dark for dark in self._dark.values()):
            return role("off")
        return role(self._present.role(host))

    def masters(self) -> list[str]:
        """All hosts that lead: one, or one in each part of a split network."""
        return [host for host in self.hosts if self.role(host) == "master"]

    @property
    def master(self) -> str:
        """The only master. Raises ConditionNotMet when there is none, or more than one."""
        found = self.masters()
        if len(found) != 1:
            raise ConditionNotMet(f"there are {len(found)} masters ({', '.join(found) or 'none'}): expected one")
        return found[0]

    @property
    def slaves(self) -> list[str]:
        """All hosts that follow a master."""
        return [host for host in self.hosts if self.role(host) == "slave"]

    def state_of(self, host: str, *, seen_by: str = "vcenter") -> State:
        """The state that a master, or vCenter, believes a host is in, by the API's names, such as `hostDown`. Compared
        with any other word it raises InputError."""
        return state(self._present.state_of(self._names.host(host), self._names.observer(seen_by)))

    def where(self, vm: str) -> list[str]:
        """Hosts on which the VM runs: none while it is off, two while it was started twice."""
        self._names.vm(vm)
        return sorted(host for (name, host) in self._running() if name == vm)

    def vms_on(self, host: str) -> list[str]:
        """Names of the VMs that run on this host."""
        self._names.host(host)
        return sorted(name for (name, at) in self._running() if at == host)

    def snapshot(self) -> Mapping[Thing, tuple[Any, ...]]:
        """The state of everything: roles, opinions, paths, VMs, locks, datastores. Equal means equal for a test."""
        return snapshot(self.session.records())

    def _running(self) -> list[tuple[str, str]]:
        return [(vm, host) for vm, host in self._present.running() if self.role(host) != "off"]
