"""Links, addresses and neighbours over netlink, in batches: one system call does what would be hundreds of commands.

This file decides how a link looks to the kernel; which links there are is left to Mininet. Messages are encoded by
pyroute2 and sent through a plain socket per network namespace: setting a namespace up is a single send, and a link can
be changed in one in microseconds later, from any thread.

Interfaces inside a node have fixed indices (lo 1, mgmtA 2, mgmtB 3: those of Mininet's ports from FIRST_INDEX on), so
that the table of neighbours, the greatest part of it all, is encoded once and sent to every node as it is.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
import threading
from collections.abc import Sequence
from ipaddress import IPv4Interface
from types import TracebackType
from typing import Any, NamedTuple

from herzschlag.topo.errors import LabError
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.kernel.pyroute2_messages import ifaddrmsg, ifinfmsg, ndmsg, rtmsg
from herzschlag.topo.spec import NETWORKS

FIRST_INDEX = 2
_NEWLINK, _DELLINK, _NEWADDR, _DELADDR, _NEWNEIGH = 16, 17, 20, 21, 28
_NEWROUTE, _DELROUTE, _GETROUTE = 24, 25, 26
_REQUEST, _ACK, _REPLACE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x100, 0x200, 0x400
_DUMP = 0x300
_PUT = _REQUEST | _CREATE | _REPLACE  # absolute: done twice is done once
_IFF_UP = 0x1
_NUD_PERMANENT = 0x80
_MAIN_TABLE, _BOOT, _UNIVERSE, _LINK, _UNICAST = 254, 3, 0, 253, 1
_ERROR, _DONE = 2, 3
_QUEUE_PACKETS = 1000  # the kernel's default for a link
_BATCH_BYTES = 64 * 1024  # well below the default send buffer of 208 KiB
_ANSWER_S_MAX = 10.0

Message = bytes


class Netlink:
    """A socket for links, addresses, routes and neighbours of one network namespace, for callers in any other."""

    def __init__(self, netns: int | None = None) -> None:
        with InNetwork(netns):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, 0))
        self._socket.settimeout(_ANSWER_S_MAX)
        self._sequence = 0
        self._lock = threading.Lock()

    def send(self, messages: Sequence[Message], *, missing_ok: bool = False) -> None:
        """Have the kernel carry out all messages, in order, before this returns. Errors name the message's number."""
        with self._lock:
            batch, size = [], 0
            for message in messages:
                batch.append(message)
                size += len(message)
                if size >= _BATCH_BYTES:
                    self._send(batch, missing_ok)
                    batch, size = [], 0
            if batch:
                self._send(batch, missing_ok)

    def _send(self, batch: list[Message], missing_ok: bool) -> None:
        first = self._sequence + 1
        self._sequence += len(batch)
        numbered = bytearray()
        for offset, message in enumerate(batch):
            flags = struct.unpack_from("=H", message, 6)[0]
            last = offset == len(batch) - 1  # errors come unasked; one acknowledgement at the end says all is done
            header = struct.pack("=HII", flags | _ACK if last else flags, first + offset, 0)
            numbered += message[:6] + header + message[16:]
        self._socket.send(numbered)
        failures = []
        while True:
            for sequence, error in _answers(self._socket.recv(1 << 16)):
                if error and not (missing_ok and error in _MISSING):
                    failures.append(f"message {sequence - first + 1} of {len(batch)}: {os.strerror(error)}")
                if sequence == self._sequence:
                    if failures:
                        raise LabError(f"the kernel refused a link or address: {'; '.join(failures[:3])}")
                    return

    def ask(self, message: Message) -> list[Message]:
        """The answers to a question about everything of a kind."""
        with self._lock:
            self._sequence += 1
            self._socket.send(message[:8] + struct.pack("=II", self._sequence, 0) + message[16:])
            found: list[Message] = []
            while True:
                data, at = self._socket.recv(1 << 16), 0
                while at + 16 <= len(data):
                    length, kind, _, sequence, _ = struct.unpack_from("=IHHII", data, at)
                    if sequence == self._sequence and kind in (_DONE, _ERROR):
                        return found
                    if sequence == self._sequence:
                        found.append(data[at : at + length])
                    at += (length + 3) & ~3

    def close(self) -> None:
        self._socket.close()


_MISSING = (2, 3, 19, 99, 17)  # ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: gone already; EEXIST: there already


def _answers(data: bytes) -> list[tuple[int, int]]:
    found, at = [], 0
    while at + 16 <= len(data):
        length, kind, _, sequence, _ = struct.unpack_from("=IHHII", data, at)
        if kind == _ERROR:
            found.append((sequence, -struct.unpack_from("=i", data, at + 16)[0]))
        at += (length + 3) & ~3
    return found


class InNetwork:
    """The calling thread inside another network namespace for the length of a block; None stays where it is."""

    def __init__(self, netns: int | None) -> None:
        self._netns = netns
        self._home = -1

    def __enter__(self) -> None:
        if self._netns is not None:
            self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            syscalls.setns(self._netns, syscalls.CLONE_NEWNET)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._netns is not None:
            syscalls.setns(self._home, syscalls.CLONE_NEWNET)
            os.close(self._home)


def interface_index(network: str) -> int:
    return FIRST_INDEX + NETWORKS.index(network)


def _encoded(message: Any, kind: int, flags: int) -> Message:
    message["header"]["type"] = kind
    message["header"]["flags"] = flags
    message.encode()
    return bytes(message.data)


class End(NamedTuple):
    """One end of a link to be made."""

    name: str
    mac: str


def link_message(node: End, switch: End, *, index: int, netns: int, mtu: int) -> Message:
    """Make both ends at once: the switch's here, up; the node's in its namespace, still down."""
    peer = {"index": index, "attrs": [*_end(node, mtu), ("IFLA_NET_NS_FD", netns)]}
    message = ifinfmsg()
    message["flags"] = message["change"] = _IFF_UP
    message["attrs"] = [
        *_end(switch, mtu),
        (
            "IFLA_LINKINFO",
            {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", {"attrs": [("VETH_INFO_PEER", peer)]})]},
        ),
    ]
    return _encoded(message, _NEWLINK, _REQUEST | _CREATE | _EXCLUSIVE)


def _end(end: End, mtu: int) -> list[tuple[str, Any]]:
    return [("IFLA_IFNAME", end.name), ("IFLA_ADDRESS", end.mac), ("IFLA_MTU", mtu)]


def move_message(end: End, *, index: int, netns: int, mtu: int) -> Message:
    """Take a node's end into another network namespace, down, without addresses, and looking as it was made."""
    message = ifinfmsg()
    message["index"] = index
    message["flags"], message["change"] = 0, _IFF_UP
    message["attrs"] = [("IFLA_NET_NS_FD", netns), *_end(end, mtu), ("IFLA_TXQLEN", _QUEUE_PACKETS)]
    return _encoded(message, _NEWLINK, _REQUEST)


def remove_message(interface: str) -> Message:
    """Both ends of a link go with one."""
    message = ifinfmsg()
    message["attrs"] = [("IFLA_IFNAME", interface)]
    return _encoded(message, _DELLINK, _REQUEST)


@functools.cache  # the same for all nodes, and encoding it is what takes time
def up_message(index: int, up: bool) -> Message:
    message = ifinfmsg()
    message["index"] = index
    message["flags"] = _IFF_UP if up else 0
    message["change"] = _IFF_UP
    return _encoded(message, _NEWLINK, _REQUEST)


def mtu_message(interface: str, mtu: int) -> Message:
    message = ifinfmsg()
    message["attrs"] = [("IFLA_IFNAME", interface), ("IFLA_MTU", mtu)]
    return _encoded(message, _NEWLINK, _REQUEST)


def queue_message(interface: str, packets: int) -> Message:
    """How many packets wait at most. (`SIOCSIFTXQLEN` would need a right that an ordinary user has in no namespace.)"""
    message = ifinfmsg()
    message["attrs"] = [("IFLA_IFNAME", interface), ("IFLA_TXQLEN", packets)]
    return _encoded(message, _NEWLINK, _REQUEST)


def address_message(index: int, address: str, prefix_length: int, *, present: bool) -> Message:
    message = ifaddrmsg()
    message["family"] = socket.AF_INET
    message["index"] = index
    message["prefixlen"] = prefix_length
    message["attrs"] = [("IFA_LOCAL", address), ("IFA_ADDRESS", address)]
    return _encoded(message, _NEWADDR if present else _DELADDR, _PUT if present else _REQUEST)


@functools.cache
def default_route_message(index: int, gateway: str) -> Message:
    """Everything that no interface is for goes to the gateway, out of this one."""
    return _route_message(_UNIVERSE, ("RTA_GATEWAY", gateway), ("RTA_OIF", index))


def network_route_message(interface: IPv4Interface, index: int) -> Message:
    """What is for the interface's own network goes out of it, as since it was given that address."""
    own, network = str(interface.ip), interface.network
    attributes = ("RTA_DST", str(network.network_address)), ("RTA_PREFSRC", own), ("RTA_OIF", index)
    return _route_message(_LINK, *attributes, prefix_length=network.prefixlen)


def no_network_route_message(interface: IPv4Interface, index: int) -> Message:
    """Removes what `network_route_message` makes, and what the kernel makes where it has the address and is up."""
    message = rtmsg()
    message["family"], message["dst_len"] = socket.AF_INET, interface.network.prefixlen
    message["table"], message["scope"] = _MAIN_TABLE, _LINK
    message["attrs"] = [("RTA_DST", str(interface.network.network_address)), ("RTA_OIF", index)]
    return _encoded(message, _DELROUTE, _REQUEST)


def _route_message(scope: int, *attributes: tuple[str, Any], prefix_length: int = 0) -> Message:
    message = rtmsg()
    message["family"], message["dst_len"] = socket.AF_INET, prefix_length
    message["table"], message["proto"] = _MAIN_TABLE, _BOOT
    message["scope"], message["type"] = scope, _UNICAST
    message["attrs"] = list(attributes)
    return _encoded(message, _NEWROUTE, _PUT)


@functools.cache
def routes_question() -> Message:
    """Asks for all routes."""
    message = rtmsg()
    message["family"] = socket.AF_INET
    return _encoded(message, _GETROUTE, _REQUEST | _DUMP)


def remove_route_message(answer: Message, index: int) -> Message | None:
    """What removes a route of which the kernel has told; None: it is not one of the main table over this interface."""
    message = rtmsg(answer)
    message.decode()
    if message["table"] != _MAIN_TABLE or message.get_attr("RTA_OIF") != index:
        return None
    return answer[:4] + struct.pack("=HH", _DELROUTE, _REQUEST) + answer[8:]


def neighbour_message(index: int, address: str, mac: str) -> Message:
    """A node's MAC address, for good: no broadcast is ever needed, and no learning."""
    message = ndmsg()
    message["family"] = socket.AF_INET
    message["ifindex"] = index
    message["state"] = _NUD_PERMANENT
    message["attrs"] = [("NDA_DST", address), ("NDA_LLADDR", mac)]
    return _encoded(message, _NEWNEIGH, _PUT)
