"""Real pings: ICMP echo requests from a host's own network namespace, and the answers to them.

This module decides which reply belongs to which request; leaves when to ping and what an answer means to the core. A
raw socket, not a ping socket: those are open to no group in a new network namespace. Source: RFC 792.
"""

from __future__ import annotations

import os
import socket
import struct
import time

OUTSTANDING_MAX = 4096
"""Requests whose answers are still accepted: 64 hosts pinged on two networks for 30 s."""
BURST_MAX = 256
"""Replies read in one go."""
_ECHO_REQUEST = 8
_ECHO_REPLY = 0
_ICMP_FILTER = 1
_SOL_RAW = 255
_ECHO = struct.Struct("!BBHHHQ")


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return int(~total & 0xFFFF)


class Pinger:
    """One raw socket for all pings of an agent."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.setblocking(False)
        # A set bit keeps a type away from this socket: all but echo replies.
        self._socket.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << _ECHO_REPLY) & 0xFFFFFFFF))
        self._ident = int.from_bytes(os.urandom(2), "big")
        self._sequence = 0
        self._outstanding: dict[tuple[int, int], str] = {}

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, address: str) -> None:
        """One echo request. Raises OSError where there is no way there."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        sent_ns = time.monotonic_ns()
        while len(self._outstanding) >= OUTSTANDING_MAX:
            del self._outstanding[next(iter(self._outstanding))]
        self._outstanding[self._sequence, sent_ns] = address
        blank = _ECHO.pack(_ECHO_REQUEST, 0, 0, self._ident, self._sequence, sent_ns)
        packet = _ECHO.pack(_ECHO_REQUEST, 0, checksum(blank), self._ident, self._sequence, sent_ns)
        self._socket.sendto(packet, (address, 0))

    def answers(self) -> list[str]:
        """Addresses that answered a request of ours, once for each request."""
        found: list[str] = []
        for _ in range(BURST_MAX):
            try:
                packet, (source, _port) = self._socket.recvfrom(2048)
            except BlockingIOError:
                break
            icmp = packet[(packet[0] & 0x0F) * 4 :]  # a raw socket sees the IP header as well
            if len(icmp) != _ECHO.size or checksum(icmp):
                continue
            kind, _code, _sum, ident, sequence, sent_ns = _ECHO.unpack(icmp)
            if kind != _ECHO_REPLY or ident != self._ident or self._outstanding.get((sequence, sent_ns)) != source:
                continue
            del self._outstanding[sequence, sent_ns]
            found.append(source)
        return found
