"""The queues that delay a node's packets, as the kernel's own messages: pure.

This module decides how delays per destination are laid out at an interface, and the steps from one such layout to the
next:

    htb 1:  ──  class 1:1  netem    all nodes with the most common quality: no filter needed
            ├─  class 1:2  netem    another quality; u32 filters send these destinations here
            └─  class 1:3  netem    and so on

No step takes anything away that may hold packets: those under way arrive when their time has come, as on a line that
was mended meanwhile. A layout once made grows, lifted delays become 0, and an htb with 32 Gbit/s slows nothing down;
when the last packet has left, all of it can go (`removal`).

Sources: tc-htb(8), tc-netem(8), tc-u32(8), linux/pkt_sched.h, linux/pkt_cls.h, linux/rtnetlink.h.
"""

from __future__ import annotations

import struct
from collections import Counter
from ipaddress import IPv4Address

import msgspec

from herzschlag.topo.impairments.values import Impairment, Quality
from herzschlag.topo.spec import TopologySpec

_NEW_QDISC, _DELETE_QDISC, _GET_QDISC, _NEW_CLASS, _NEW_FILTER, _DELETE_FILTER = 36, 37, 38, 40, 44, 45
_REQUEST, _REPLACE, _EXCLUSIVE, _CREATE, _DUMP = 0x1, 0x100, 0x200, 0x400, 0x300
_KIND, _OPTIONS, _STATS2, _STATS_BASIC = 1, 2, 7, 1
_ROOT_PARENT = 0xFFFFFFFF
_ROOT = 0x10000
"""The htb, `1:`; its class n is `1:n`."""
_USUAL = 1
_IPV4 = struct.unpack("=H", b"\x08\x00")[0]
_DESTINATION_AT = 16  # in an IPv4 header
_RATE_BYTES = 4_000_000_000
"""A second; the most that fits 32 bits."""
_BURST_TICKS = 1_000_000  # 64 ms of it; a tick has 64 ns
_QUANTUM_BYTES = 65_536
_ETHERNET = 1
LIMIT_PACKETS = 100_000
"""Packets under way at once: a minute's datagrams to 63 neighbours. netem's default of 1,000 would lose some."""

Message = bytes


class Delay(msgspec.Struct, frozen=True, order=True):
    """The part of a quality that a queue brings about."""

    delay_ns: int = 0
    jitter_ns: int = 0
    overtaking: float = 0.0


NO_DELAY = Delay()


class Layout(msgspec.Struct, frozen=True):
    """What one interface does to packets by destination, and how many classes it has for that."""

    usual: Delay = NO_DELAY
    others: dict[str, Delay] = msgspec.field(default_factory=dict)
    """Destination address to its delay, where it is not the usual one."""
    classes: int = 0
    """0: there is no htb."""


def _delay(quality: Quality) -> Delay:
    return Delay(quality.delay_ns, quality.jitter_ns, quality.overtaking) if quality.delays else NO_DELAY


def layout(spec: TopologySpec, node: str, network: str, impairment: Impairment, before: Layout) -> Layout:
    """What an impairment comes down to at the node's interface, where `before` was."""
    qualities = impairment.on(network, tuple(other for other in spec.nodes if other != node))
    delays = {spec.address(other, network): _delay(quality) for other, quality in qualities.items()}
    usual = Counter(delays.values()).most_common(1)[0][0]
    others = {address: delay for address, delay in delays.items() if delay != usual}
    needed = _USUAL + len(set(others.values())) if others or usual != NO_DELAY else 0
    return Layout(usual, others, max(needed, before.classes))


def _numbers(wanted: Layout) -> dict[Delay, int]:
    """Class of each unusual delay."""
    return {delay: _USUAL + 1 + number for number, delay in enumerate(sorted(set(wanted.others.values())))}


def steps(before: Layout, wanted: Layout, interface: int) -> list[Message]:
    """From one layout of the interface (an index) to the next. Queues first: no filter may name a missing class."""
    if before == wanted:
        return []
    messages = []
    if not before.classes and wanted.classes:
        messages.append(_root(interface))
    numbers = _numbers(wanted)
    delays = {_USUAL: wanted.usual, **{number: delay for delay, number in numbers.items()}}
    for number in range(1, wanted.classes + 1):
        if number > before.classes:
            messages.append(_class(interface, number))
        messages.append(_netem(interface, number, delays.get(number, NO_DELAY)))
    was = {address: _numbers(before)[delay] for address, delay in before.others.items()}
    now = {address: numbers[delay] for address, delay in wanted.others.items()}
    for address in sorted({*was, *now}):
        if was.get(address) != now.get(address):
            if address in was:
                messages.append(_no_filter(interface, address))
            if address in now:
                messages.append(_filter(interface, address, now[address]))
    return messages


# --- Messages ---------------------------------------------------------------------------------------------------------


def _root(interface: int) -> Message:
    # Version 3, quantum = rate / 10, everything unfiltered to class 1:1, no debugging.
    options = _attribute(2, struct.pack("=5I", 3, 10, _USUAL, 0, 0))
    return _message(
        _NEW_QDISC, _CREATE | _EXCLUSIVE, interface, handle=_ROOT, parent=_ROOT_PARENT, kind="htb", options=options
    )


def _class(interface: int, number: int) -> Message:
    rate = struct.pack("=BBHhHI", 0, _ETHERNET, 0, 0, 0, _RATE_BYTES)
    parameters = struct.pack("=5I", _BURST_TICKS, _BURST_TICKS, _QUANTUM_BYTES, 0, 0)
    options = _attribute(1, rate + rate + parameters)
    return _message(
        _NEW_CLASS, _CREATE | _EXCLUSIVE, interface, handle=_ROOT | number, parent=_ROOT, kind="htb", options=options
    )


def _netem_handle(number: int) -> int:
    """Of the netem below class `number`: 11:, 12: and so on."""
    return (0x10 + number) << 16


def _netem(interface: int, number: int, delay: Delay) -> Message:
    """With a handle it has already, a queue's parameters are changed and its packets stay as they are."""
    options = struct.pack("=6I", 0, LIMIT_PACKETS, 0, 1 if delay.overtaking else 0, 0, 0)
    if delay.overtaking:
        options += _attribute(3, struct.pack("=2I", round(delay.overtaking * 0xFFFFFFFF), 0))
    options += _attribute(10, struct.pack("=q", delay.delay_ns)) + _attribute(11, struct.pack("=q", delay.jitter_ns))
    return _message(
        _NEW_QDISC,
        _CREATE | _REPLACE,
        interface,
        handle=_netem_handle(number),
        parent=_ROOT | number,
        kind="netem",
        options=options,
    )


def _priority(address: str) -> int:
    """A filter's handle: the last two parts of the address, which no other node has."""
    return int(IPv4Address(address)) & 0xFFFF


def _filter(interface: int, address: str, number: int) -> Message:
    key = struct.pack("=4s4sii", b"\xff" * 4, IPv4Address(address).packed, _DESTINATION_AT, 0)
    selector = struct.pack("=BBBxHHhhI", 1, 0, 1, 0, 0, 0, 0, 0) + key  # one key decides
    options = _attribute(1, struct.pack("=I", _ROOT | number)) + _attribute(5, selector)
    info = _priority(address) << 16 | _IPV4
    return _message(_NEW_FILTER, _CREATE | _EXCLUSIVE, interface, parent=_ROOT, info=info, kind="u32", options=options)


def _no_filter(interface: int, address: str) -> Message:
    info = _priority(address) << 16 | _IPV4
    return _message(_DELETE_FILTER, 0, interface, parent=_ROOT, info=info, kind="u32")


def _message(
    kind_of: int,
    flags: int,
    interface: int,
    *,
    handle: int = 0,
    parent: int = 0,
    info: int = 0,
    kind: str = "",
    options: bytes = b"",
) -> Message:
    body = struct.pack("=BxxxiIII", 0, interface, handle, parent, info)
    if kind:
        body += _attribute(_KIND, kind.encode() + b"\0")
    if options:
        body += _attribute(_OPTIONS, options)
    return struct.pack("=IHHII", 16 + len(body), kind_of, _REQUEST | flags, 0, 0) + body


def _attribute(number: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), number) + data + b"\0" * (-len(data) % 4)


# --- Counters ---------------------------------------------------------------------------------------------------------


def delaying(one: Layout) -> list[int]:
    """Handles of the netems in it that delay anything."""
    numbers = {_USUAL: one.usual} | {number: delay for delay, number in _numbers(one).items()}
    return [_netem_handle(number) for number, delay in numbers.items() if delay != NO_DELAY]


def longest_ns(one: Layout) -> int:
    """How long a packet can be in it."""
    return max(delay.delay_ns + delay.jitter_ns for delay in (one.usual, *one.others.values()))


def removal(interface: int) -> Message:
    """Takes the whole layout away, and what is in it."""
    return _message(_DELETE_QDISC, 0, interface, parent=_ROOT_PARENT)


def question() -> Message:
    """Asks for all queues of a network namespace."""
    return _message(_GET_QDISC, _DUMP, 0)


def passed(answer: Message) -> tuple[int, int, int] | None:
    """(interface, handle, packets sent so far) if the answer describes a netem, else None."""
    if struct.unpack_from("=H", answer, 4)[0] != _NEW_QDISC:
        return None
    interface, handle = struct.unpack_from("=iI", answer, 20)
    attributes = _attributes(answer[36:])
    if attributes.get(_KIND, b"").rstrip(b"\0") != b"netem":
        return None
    basic = _attributes(attributes.get(_STATS2, b"")).get(_STATS_BASIC, bytes(12))
    return interface, handle, struct.unpack_from("=QI", basic)[1]


def _attributes(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[number & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found
