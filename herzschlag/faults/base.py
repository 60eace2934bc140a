"""Base of all faults, and the names by which a scenario refers to nodes and networks.

This module decides which names a lab has, and how a wrong one is refused. It leaves the kinds of faults to the files
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from herzschlag.errors import WrongInput
from herzschlag.faults import primitives as p
from herzschlag.topo.spec import TopologySpec
from herzschlag.wrong_input import nearest

Names = str | tuple[str, ...]
"""One name, several, or `all`."""


class FaultError(WrongInput):
    """A fault that this lab cannot have. `field` is the key in the scenario that is wrong."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """Base of all faults. `primitives` raises FaultError for what the lab does not have."""

    undoable: ClassVar[bool] = True

    def primitives(self, lab: TopologySpec) -> tuple[p.Primitive, ...]:
        raise NotImplementedError

    def vms(self) -> tuple[str, ...]:
        """VMs it names, for the scenario to check."""
        return ()

    def describe(self) -> str:
        """One line for tables and reports: the kind and every field that differs from its default."""
        shown = []
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
            if value != default:
                shown.append(f"{field.name}={in_words(value)}")
        return " ".join([kind_of(self), *shown])


def kind_of(fault: Fault | type[Fault]) -> str:
    return str(fault.__struct_config__.tag)


def pick(field: str, names: Names, known: Sequence[str], noun: str) -> tuple[str, ...]:
    """Names as they are known, `all` written out. Raises FaultError for a wrong one, or one named twice."""
    if names == "all":
        return tuple(known)
    wanted = (names,) if isinstance(names, str) else names
    for name in wanted:
        if name not in known:
            raise FaultError(field, f"{name!r} is not a {noun} of this lab: {nearest(name, known)}")
    if len(set(wanted)) != len(wanted):
        raise FaultError(field, f"{in_words(names)} names a {noun} twice: name it once")
    return tuple(wanted)


def nodes_of(lab: TopologySpec, field: str, names: Names) -> tuple[str, ...]:
    return pick(field, names, lab.nodes, "node")


def hosts_of(lab: TopologySpec, field: str, names: Names) -> tuple[str, ...]:
    found = pick(field, names, lab.moids, "host")
    if not found:
        raise FaultError(field, "no host is named: name one, or write 'all'")
    return found


def networks_of(lab: TopologySpec, names: Names, field: str = "networks") -> tuple[str, ...]:
    found = pick(field, names, lab.networks, "network")
    if not found:
        raise FaultError(field, "no network is named: write 'A', 'B' or 'all'")
    return found


def in_words(value: object) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(in_words(item) for item in value) + "]"
    return str(value)
