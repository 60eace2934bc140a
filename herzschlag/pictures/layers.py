"""Layers of a picture: what can be shown or left out, by the user here and by a drawing program later.

This module decides their names and which packets belong to which; what is in none of them (hosts, networks, cuts,
datastores) is always drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from herzschlag.agents.protocol import messages as m
from herzschlag.history.sent import PING, PONG
from herzschlag.wrong_input import InputError, nearest

HOST_PING = "HostPing"
"""A ping that asks a host whether it lives; others go to an isolation address."""


class Layer(StrEnum):
    """In the order in which they are drawn."""

    VMS = "vms"
    BELIEFS = "beliefs"
    HEARTBEATS = "heartbeats"
    LOCKS = "locks"
    HEARTS = "hearts"
    ELECTION = "election"
    PINGS = "pings"
    REPORTS = "reports"
    ORDERS = "orders"
    CLOCK = "clock"
    LEGEND = "legend"


PACKETS: dict[str, Layer] = {
    m.Heartbeat.__name__: Layer.HEARTS,
    m.Election.__name__: Layer.ELECTION,
    PING: Layer.PINGS,
    HOST_PING: Layer.PINGS,
    PONG: Layer.PINGS,
    m.Report.__name__: Layer.REPORTS,
    m.RestartOrder.__name__: Layer.ORDERS,
    m.RestartResult.__name__: Layer.ORDERS,
}
"""Of each kind of packet that is drawn, its layer; the others set a cluster up."""


def chosen(only: str | None, without: str | None) -> frozenset[Layer]:
    """The layers that a user wants, by two lists with commas. Raises InputError."""
    wanted = frozenset(Layer) if only is None else frozenset(_named(only))
    return wanted - frozenset(_named(without or ""))


def _named(words: str) -> Iterable[Layer]:
    for word in filter(None, (one.strip() for one in words.split(","))):
        try:
            yield Layer(word)
        except ValueError:
            raise InputError(
                "layers", f"{word!r} is not a layer: {nearest(word, [one.value for one in Layer])}"
            ) from None
