"""A node's own interfaces: carrier, address, MTU, route.

This module sets a wrong address and a missing route with `ip`; the lab does all else.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Container
from ipaddress import IPv4Interface
from typing import TypeVar

from herzschlag.backends.mininet.stage.effects.difference import Applied, Difference, OfOneKind
from herzschlag.backends.mininet.stage.nodes import StageError
from herzschlag.faults import primitives as p
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import GATEWAY, PREFIX_LENGTH, node_interface

COMMAND_S_MAX = 10.0
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
        instants += [self._wrong_address(c, is_on) for c in concerned(p.AddressWrong)]
        instants += [self._missing_route(c, is_on) for c in concerned(p.RouteMissing)]
        return instants

    def _wrong_address(self, condition: p.AddressWrong, is_on: bool) -> int:
        wrong = f"{condition.address}/{PREFIX_LENGTH} dev {node_interface(condition.network)}"
        if is_on:
            self._lab.address(condition.node, condition.network, False)
            self._inside(condition.node, ["ip", "-batch", "-"], f"address replace {wrong}\n")
            return time.monotonic_ns()
        self._inside(condition.node, ["ip", "-force", "-batch", "-"], f"address del {wrong}\n")
        return self._lab.address(condition.node, condition.network, True)

    def _missing_route(self, condition: p.RouteMissing, is_on: bool) -> int:
        """Remove every route over the interface, since a default route left behind would still reach the gateway."""
        spec, network = self._lab.spec, condition.network
        device = node_interface(network)
        if is_on:
            lines = [f"route flush dev {device}"]
        else:
            own = spec.address(condition.node, network)
            prefix = IPv4Interface(f"{own}/{PREFIX_LENGTH}").network
            lines = [f"route replace {prefix} dev {device} scope link src {own}"]
            if network == spec.default_route_network:
                lines.append(f"route replace default via {spec.address(GATEWAY, network)} dev {device}")
        self._inside(condition.node, ["ip", "-batch", "-"], "".join(f"{line}\n" for line in lines))
        return time.monotonic_ns()

    def _inside(self, node: str, argv: list[str], text: str) -> None:
        """Run a command in the node's network namespace, whether it is powered or not."""
        inside = ["nsenter", f"--net={self._lab.netns(node)}", "--", *argv]
        result = subprocess.run(inside, input=text, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False)
        if result.returncode != 0 and "-force" not in argv:
            raise StageError(f"{node}: {' '.join(argv)}: {result.stderr.strip()}")


def _beginning(found: OfOneKind[OfInterface], woken: Container[str]) -> tuple[OfInterface, ...]:
    """A node that has its power back has interfaces as they were made: what holds already is done again."""
    again = (condition for condition in found.wanted if condition.node in woken and condition not in found.begins)
    return (*found.begins, *again)
