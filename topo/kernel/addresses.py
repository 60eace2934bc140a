"""What a kernel says by itself of the addresses of one network namespace: which it gets, which it loses.

Source: rtnetlink(7), RTM_NEWADDR and RTM_DELADDR, told to the group RTMGRP_IPV4_IFADDR.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from herzschlag.topo.kernel.netlink import InNetwork

_NEWADDR, _DELADDR = 20, 21
_GROUP_IPV4_ADDRESSES = 0x10
_LOCAL = 2
_HEADER, _ATTRIBUTES_AT = struct.Struct("=IHHII"), 24
_READ_BYTES = 1 << 16


class AddressChange(NamedTuple):
    address: str
    held: bool
    """Whether an interface has it from now on."""


class AddressWatch:
    """A socket in a network namespace that can be waited for; it tells of what happens after it was opened."""

    def __init__(self, netns: int) -> None:
        with InNetwork(netns):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.bind((0, _GROUP_IPV4_ADDRESSES))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> list[AddressChange]:
        try:
            return changes(self._socket.recv(_READ_BYTES))
        except OSError:  # nothing is there, or it was closed meanwhile
            return []

    def close(self) -> None:
        self._socket.close()


def changes(data: bytes) -> list[AddressChange]:
    """The changes that a datagram of the kernel tells of."""
    found, at = [], 0
    while at + _HEADER.size <= len(data):
        length, kind, *_ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            break
        if kind in (_NEWADDR, _DELADDR):
            found += [AddressChange(address, kind == _NEWADDR) for address in _local(data[at : at + length])]
        at += (length + 3) & ~3
    return found


def _local(message: bytes) -> list[str]:
    """The interface's own address: attribute IFA_LOCAL."""
    found, at = [], _ATTRIBUTES_AT
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if length < 4:
            break
        if kind == _LOCAL and length == 8 and at + 8 <= len(message):
            found.append(socket.inet_ntoa(message[at + 4 : at + 8]))
        at += (length + 3) & ~3
    return found
