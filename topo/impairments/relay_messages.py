"""What the lab and the relay say to each other, as values with their encoding: pure.

This module decides the requests, which are absolute and are answered one by one. It leaves starting and asking the
relay to `relay.py`, and carrying requests out to `relaying.py`, which comes up faster without what the lab's side
needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from herzschlag.topo.impairments.line import Counts
from herzschlag.topo.impairments.values import Course

MESSAGE_BYTES_MAX = 200_000
"""The answer for a node that reaches 97 others has some 25,000."""


class Open(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Serve a node's packets on a network. Comes with two descriptors: its TAP, and a raw socket of its interface."""

    node: str
    network: str
    addresses: dict[str, str]
    """Of every other node."""


class Set(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """How bad the lines of a node on a network are from now on; those that are not named are perfect."""

    node: str
    network: str
    lines: list[tuple[Course, list[str]]]


class Ask(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """What happened on the lines of a node on a network, by destination. It is answered with a Told."""

    node: str
    network: str


class Told(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """The answer to every request, once it is carried out."""

    counts: dict[str, Counts] = {}
    late_ns: int = 0
    """How much later than planned the relay woke, at most, since it last told."""


Request = Open | Set | Ask


def set_message(node: str, network: str, lines: Mapping[str, Course]) -> bytes:
    """How bad the lines to these destinations are; encoded beforehand, as it costs time for a large lab."""
    alike: defaultdict[Course, list[str]] = defaultdict(list)
    for destination, course in lines.items():
        alike[course].append(destination)
    return msgspec.json.encode(Set(node, network, list(alike.items())))
