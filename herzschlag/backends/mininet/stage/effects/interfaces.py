"""A node's own interfaces: carrier, address, MTU, route.

This module decides in which order, and what is done again with a node's new life. The lab does it, over netlink: a
program would have to be started first, and be late on a busy machine.
"""

from __future__ import annotations

from collections.abc import Container
from typing import TypeVar

from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference, OfOneKind
from herzschlag.faults import primitives as p
from herzschlag.topo.lab.lab import Lab

AnyOfInterface = p.CarrierDown | p.AddressGone | p.MtuLimit | p.AddressWrong | p.RouteMissing
OfInterface = TypeVar("OfInterface", bound=AnyOfInterface)


class Interfaces:
    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def apply(self, change: Difference) -> Applied | None:
        """Make the change. What ends comes first: one fault may take the place of another on the same interface."""
        instants = [at_ns for is_on in (False, True) for at_ns in self._switch(change, is_on)]
        return Applied(max(instants), {"interfaces_changed": len(instants)}) if instants else None

    def _switch(self, change: Difference, is_on: bool) -> list[int]:
        lab = self._lab

        def concerned(kind: type[OfInterface]) -> tuple[OfInterface, ...]:
            found: OfOneKind[OfInterface] = change.of(kind)
            return _beginning(found, woken) if is_on else found.ends

        woken = {c.node for c in change.of(p.PowerOff).ends}
        instants = [lab.carrier(c.node, c.network, not is_on) for c in concerned(p.CarrierDown)]
        instants += [lab.address(c.node, c.network, not is_on) for c in concerned(p.AddressGone)]
        instants += [lab.mtu(c.node, c.network, c.mtu if is_on else None) for c in concerned(p.MtuLimit)]
        instants += [lab.wrong_address(c.node, c.network, c.address, is_on) for c in concerned(p.AddressWrong)]
        instants += [lab.routes(c.node, c.network, not is_on) for c in concerned(p.RouteMissing)]
        return instants


def _beginning(found: OfOneKind[OfInterface], woken: Container[str]) -> tuple[OfInterface, ...]:
    """A node that has its power back has interfaces as they were made: what holds already is done again."""
    again = (condition for condition in found.wanted if condition.node in woken and condition not in found.begins)
    return (*found.begins, *again)
