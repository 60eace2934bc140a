"""The names that a question about a running cluster may use.

This module decides that a question about a host, a VM, a network or a kind of record that does not exist is an error
with the nearest one that does: a misspelt name never becomes true, and a test that waits for nothing to happen would
pass by it. It leaves answers to `asking.py`, and names in faults to `herzschlag.faults`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from herzschlag.history.kinds import KINDS
from herzschlag.history.records import RUNNER
from herzschlag.topo.spec import VCENTER, TopologySpec, switch_name
from herzschlag.wrong_input import InputError, nearest

NEVER_WHILE_IT_RUNS = ("run", "ready", "fault", "end")
"""Kinds that the harness writes into the history, beside what the cluster itself records."""


def one_of(name: object, known: Iterable[str], noun: str) -> str:
    """The name, if it is known. Raises InputError with the nearest one."""
    known = tuple(known)
    if not isinstance(name, str) or str(name) not in known:
        raise InputError("", f"{name!r} is not {noun}: {nearest(str(name), known)}")
    return str(name)


class Names:
    """All names of one cluster."""

    def __init__(self, lab: TopologySpec, vms: Iterable[str]) -> None:
        switches = (switch_name(network) for network in lab.networks)
        self.hosts = lab.moids
        self.vms = tuple(vms)
        self._writers = (*lab.nodes, *switches, RUNNER)
        self._of_field = {
            "host": (lab.nodes, "a node of this cluster"),
            "target": (lab.moids, "a host of this cluster"),
            "master": (lab.moids, "a host of this cluster"),
            "sender": (lab.nodes, "a node of this cluster"),
            "vm": (self.vms, "a VM of this cluster"),
            "network": (lab.networks, "a network of this cluster"),
            "datastore": (tuple(one.name for one in lab.datastores), "a datastore of this cluster"),
        }
        """Field of a record to the names that it can hold."""

    def host(self, name: object) -> str:
        return one_of(name, self.hosts, "a host of this cluster")

    def observer(self, name: object) -> str:
        return one_of(name, (*self.hosts, VCENTER), "a host of this cluster, or vCenter")

    def vm(self, name: object) -> str:
        return one_of(name, self.vms, "a VM of this cluster")

    def record(self, kind: str, node: str | None, fields: Mapping[str, Any]) -> None:
        """Raise InputError for a kind, a node, a field or a value that no record of this cluster ever has."""
        if kind not in KINDS:
            raise InputError("", f"no record is of the kind {kind!r}: {nearest(str(kind), KINDS)}")
        if kind in NEVER_WHILE_IT_RUNS:
            raise InputError("", f"{kind!r} is a record of the harness, which only `history()` has: look there")
        if node is not None:
            one_of(node, self._writers, "a node that writes records")
        for name, value in fields.items():
            if name not in (known := KINDS[kind].fields):
                raise InputError("", f"{name!r} is not a field of a {kind!r} record: {nearest(name, known)}")
            if (values := known[name].values) and value not in values:
                raise InputError("", f"{name} of a {kind!r} record is never {value!r}: {nearest(str(value), values)}")
            if name in self._of_field and value not in ("", None):
                one_of(value, *self._of_field[name])
