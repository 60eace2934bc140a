"""Stretches of time in which no fault began or ended, and what stops packets in one.

This module decides from conditions alone which packets pass. It leaves when which conditions are in force to
`truth.py`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import msgspec

from herzschlag.faults import primitives as p
from herzschlag.topo.spec import NETWORKS

Traffic = Literal["8182", "join", "icmp"]
"""Agents' small packets; joining, which needs packets of full size; pings."""

TRAFFIC: tuple[Traffic, ...] = ("8182", "join", "icmp")


class Segment(msgspec.Struct, frozen=True, dict=True):
    """A stretch of time in which no fault began or ended. What many ask of it is worked out once."""

    begin_ns: int
    end_ns: int
    conditions: frozenset[p.AnyCondition]
    disagreed: bool = False
    """Whether vCenter could not yet tell all hosts who is in maintenance mode."""

    @cached_property
    def without_agent(self) -> frozenset[str]:
        """Hosts without power, frozen, or with an agent that is dead and that no watchdog starts."""
        return frozenset(
            c.node if isinstance(c, p.PowerOff) else c.host
            for c in self.conditions
            if isinstance(c, p.PowerOff | p.Frozen) or (isinstance(c, p.AgentDown) and not c.watchdog)
        )

    @cached_property
    def resting(self) -> frozenset[str]:
        """Hosts in maintenance mode."""
        return frozenset(c.host for c in self.conditions if isinstance(c, p.Maintenance))

    @cached_property
    def stops(self) -> Stops:
        """What stops packets meanwhile."""
        return Stops(self.conditions)

    @cached_property
    def bad(self) -> bool:
        """Whether lines are bad, or a clock is wrong."""
        return any(isinstance(c, p.Impaired | p.ClockOff) for c in self.conditions)


class Stops:
    """What stops packets in a segment, sorted so that asking costs the same however many links are cut."""

    def __init__(self, conditions: frozenset[p.AnyCondition]) -> None:
        self._links: set[tuple[str, str, str]] = set()
        self._ends: dict[Traffic, set[tuple[str, str]]] = {what: set() for what in TRAFFIC}
        self._out: dict[Traffic, set[tuple[str, str]]] = {what: set() for what in TRAFFIC}
        self._in: dict[Traffic, set[tuple[str, str]]] = {what: set() for what in TRAFFIC}
        for condition in conditions:
            self._add(condition)

    def _add(self, condition: p.AnyCondition) -> None:
        match condition:
            case p.LinkCut(network=network, src=src, dst=dst):
                self._links.add((network, src, dst))
            case (
                p.PortDown(network=network, node=node)
                | p.CarrierDown(network=network, node=node)
                | p.AddressGone(network=network, node=node)
                | p.AddressWrong(network=network, node=node)
            ):
                for ends in self._ends.values():
                    ends.add((network, node))
            case p.MtuLimit(network=network, node=node):
                self._ends["join"].add((network, node))
            case p.RouteMissing(network=network, node=node):
                for ends in self._out.values():
                    ends.add((network, node))
            case p.PowerOff(node=node):
                for ends in self._ends.values():
                    ends.update((network, node) for network in NETWORKS)
            case p.Blocked():
                self._block(condition)
            case _:
                pass

    def _block(self, blocked: p.Blocked) -> None:
        hit: tuple[Traffic, ...] = ("icmp",) if blocked.what == "icmp" else ("8182", "join")
        own = {(network, blocked.host) for network in NETWORKS}
        for kind in hit:
            if blocked.direction != "in":
                self._out[kind] |= own
            if blocked.direction != "out":
                self._in[kind] |= own

    def passes(self, network: str, src: str, dst: str, what: Traffic) -> bool:
        ends = self._ends[what]
        return not (
            (network, src, dst) in self._links
            or (network, src) in ends
            or (network, dst) in ends
            or (network, src) in self._out[what]
            or (network, dst) in self._in[what]
        )
