"""Faults as values: what is broken, for whom, in which direction.

This module decides which faults a scenario can name and to which primitives each comes down on a given lab. It leaves
when a fault begins and ends to the scenario, and breaking things to the backends. A fault with conditions is undone by
lifting them; one with commands alone cannot be undone and says so.
"""

from __future__ import annotations

from typing import get_args

from herzschlag.faults.base import Fault, FaultError, Names, kind_of
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

KINDS: dict[str, type[Fault]] = {kind_of(kind): kind for kind in get_args(AnyFault)}
"""Name in a scenario to fault."""

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
    "LinkManner",
    "Manner",
    "MissingRoute",
    "Mtu",
    "Names",
    "NetworkDown",
    "OneWay",
    "PowerOff",
    "Reconfigure",
    "Split",
    "Storage",
    "SwitchReboot",
    "VmCrash",
    "VmHang",
    "VmPower",
    "WrongAddress",
    "kind_of",
]
