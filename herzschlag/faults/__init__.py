"""Faults as values: what is broken, for whom, in which direction.

This module decides which faults a scenario can name and to which primitives each comes down on a given lab. It leaves
when a fault begins and ends to the scenario, and breaking things to the backends. A fault with conditions is undone by
lifting them; one with commands alone cannot be undone and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

import msgspec

from herzschlag import extensions
from herzschlag.faults import primitives as p
from herzschlag.faults.base import Fault, FaultError, Names, hosts_of, kind_of, networks_of, nodes_of, pick
from herzschlag.faults.cuts import (
    Bridge,
    Cut,
    CutPair,
    Isolate,
    LinkManner,
    Manner,
    NetworkDown,
    OneWay,
    Split,
    SwitchReboot,
)
from herzschlag.faults.lines import Block, Impair, MissingRoute, Mtu, WrongAddress
from herzschlag.faults.machines import (
    ClockOffset,
    CrashAgent,
    CrashVcenter,
    Freeze,
    GatewayDown,
    GatewaySilent,
    PowerOff,
    Storage,
)
from herzschlag.faults.people import EnterMaintenance, Reconfigure, VmCrash, VmHang, VmPower
from herzschlag.faults.primitives import Primitive
from herzschlag.topo.spec import TopologySpec as Lab

AnyFault = (
    Isolate
    | Split
    | Bridge
    | CutPair
    | OneWay
    | Cut
    | NetworkDown
    | SwitchReboot
    | PowerOff
    | Freeze
    | CrashAgent
    | CrashVcenter
    | GatewayDown
    | GatewaySilent
    | Storage
    | Impair
    | Block
    | Mtu
    | WrongAddress
    | MissingRoute
    | EnterMaintenance
    | Reconfigure
    | ClockOffset
    | VmCrash
    | VmHang
    | VmPower
)

STEP_KEYS = ("at_s", "for_s", "id", "fault")
"""Keys that every step of a scenario has, beside those of its fault."""

KINDS: dict[str, type[Fault]] = {kind_of(kind): kind for kind in get_args(AnyFault)}
"""Name in a scenario to fault: those of this package."""


@cache
def kinds() -> Mapping[str, type[Fault]]:
    """The same with those that other packages bring by entry points. Raises ExtensionError."""
    others = extensions.load(extensions.FAULTS, KINDS, _accept)
    return MappingProxyType({**KINDS, **others})


def _accept(value: object, name: str) -> type[Fault] | str:
    """What an entry point leads to, as a kind of fault; or what is wrong with it."""
    if not (isinstance(value, type) and issubclass(value, Fault)):
        return f"it is {value!r}, not a subclass of herzschlag.faults.Fault"
    if kind_of(value) != name:
        return f"the fault's tag is {kind_of(value)!r}, the entry point's name is {name!r}: the two must be equal"
    if not value.__struct_config__.frozen:
        return "its values can be changed: write frozen=True behind the base class"
    if taken := [field for field in value.__struct_fields__ if field in STEP_KEYS]:
        return f"its field {taken[0]!r} is a key of every step: call it otherwise"
    return value


def of_values(values: Mapping[str, Any]) -> Fault:
    """The fault that a record tells of. Raises FaultError when no package here brings such a fault."""
    name = str(values.get("fault"))
    kind = KINDS.get(name) or kinds().get(name)
    if kind is None:
        raise FaultError("fault", f"{name!r} is a fault of a package that is not installed here: install it")
    return msgspec.convert(values, kind)


def primitives_of(fault: Fault, lab: Lab) -> tuple[Primitive, ...]:
    """What it comes down to on this lab. Raises FaultError for what the lab does not have, and for a fault of another
    package that does not keep to the rules: neither backend could play it."""
    if kind_of(fault) in KINDS:
        return fault.primitives(lab)
    try:
        found = tuple(fault.primitives(lab))
    except FaultError:
        raise
    except Exception as error:
        raise FaultError("fault", f"{kind_of(fault)!r} failed: {type(error).__name__}: {error}: {_MEND}") from error
    for one in found:
        if not isinstance(one, Primitive):
            raise FaultError("fault", f"{kind_of(fault)!r} comes down to {one!r}, not a primitive: {_MEND}")
    if found and type(fault).undoable != bool(p.conditions(found)):
        rule = "a fault with a condition can be undone, one with commands alone cannot"
        raise FaultError("fault", f"{kind_of(fault)!r} says undoable = {type(fault).undoable}: {rule}: {_MEND}")
    return found


_MEND = "mend the package that brings it (docs/extending.md)"

__all__ = [
    "AnyFault",
    "Block",
    "Bridge",
    "ClockOffset",
    "CrashAgent",
    "CrashVcenter",
    "Cut",
    "CutPair",
    "EnterMaintenance",
    "Fault",
    "FaultError",
    "Freeze",
    "GatewayDown",
    "GatewaySilent",
    "Impair",
    "Isolate",
    "KINDS",
    "Lab",
    "LinkManner",
    "Manner",
    "MissingRoute",
    "Mtu",
    "Names",
    "STEP_KEYS",
    "NetworkDown",
    "OneWay",
    "PowerOff",
    "Primitive",
    "Reconfigure",
    "Split",
    "Storage",
    "SwitchReboot",
    "VmCrash",
    "VmHang",
    "VmPower",
    "WrongAddress",
    "hosts_of",
    "kind_of",
    "kinds",
    "networks_of",
    "nodes_of",
    "of_values",
    "pick",
    "primitives_of",
]
