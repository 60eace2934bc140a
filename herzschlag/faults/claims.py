"""Claims: which faults contradict each other when they are active at the same time.

This module decides what a fault claims for itself and which nodes it needs alive. It leaves when faults are active, and
the message, to `herzschlag.scenarios.validation`. Cuts and blocks claim nothing: they add up, a link cut twice is cut.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.faults import primitives as p
from herzschlag.topo.spec import GATEWAY

Claim = tuple[str, ...]

CLAIMED_BY_FIELDS: dict[type, tuple[str, tuple[str, ...]]] = {
    p.PowerOff: ("power", ("node",)),
    p.Frozen: ("freeze", ("host",)),
    p.AgentDown: ("agent", ("host",)),
    p.VcenterDown: ("vcenter", ()),
    p.StorageLost: ("storage", ("host", "datastore")),
    p.Impaired: ("quality", ("network", "src", "dst")),
    p.MtuLimit: ("mtu", ("network", "node")),
    p.AddressGone: ("address", ("network", "node")),
    p.AddressWrong: ("address", ("network", "node")),
    p.RouteMissing: ("route", ("network", "node")),
    p.Maintenance: ("maintenance", ("host",)),
    p.Reconfigured: ("option", ("option",)),
    p.ClockOff: ("clock", ("host",)),
}
"""Condition to what it claims: a word, and the fields that say of what."""


def claims(primitives: Iterable[p.Primitive]) -> frozenset[Claim]:
    """What only one active fault at a time may disturb."""
    found = set()
    for primitive in primitives:
        if (rule := CLAIMED_BY_FIELDS.get(type(primitive))) is not None:
            word, fields = rule
            found.add((word, *(str(getattr(primitive, name)) for name in fields)))
    return frozenset(found)


def needs_alive(primitives: Iterable[p.Primitive]) -> frozenset[str]:
    """Nodes that must be powered on when the fault begins, or it means nothing."""
    found: set[str] = set()
    for primitive in primitives:
        match primitive:
            case p.Frozen(host=host) | p.AgentDown(host=host) | p.ClockOff(host=host):
                found.add(host)
            case p.GatewaySilent():
                found.add(GATEWAY)
            case _:
                pass
    return frozenset(found)


def powered_off(primitives: Iterable[p.Primitive]) -> frozenset[str]:
    return frozenset(primitive.node for primitive in primitives if isinstance(primitive, p.PowerOff))
