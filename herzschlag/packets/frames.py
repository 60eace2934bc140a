"""Decodes Ethernet frames: reassembled datagrams, pings, and errors.

This module decides what is ours in a frame. It leaves who sent it and whether it arrived to `passages.py`. Sources: RFC
791, 768, 792.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Literal

import msgspec

from herzschlag.topo.capture.capture import HA_PORT

FrameKind = Literal["datagram", "ping", "pong", "error"]

_ETHERNET, _IPV4_TYPE, _ICMP, _UDP = 14, 0x0800, 1, 17
_IP = struct.Struct("!BxHHHxBxx4s4s")  # length of the header, total, identification, fragment, protocol, ends
_MORE, _OFFSET = 0x2000, 0x1FFF
_ICMP_KINDS: dict[int, FrameKind] = {8: "ping", 0: "pong", 3: "error", 11: "error"}
PENDING_MAX = 10_000
"""Datagrams waiting for their other fragments; beyond, the oldest is given up."""


class Carried(msgspec.Struct, frozen=True, gc=False):
    """What one frame, or several fragments, carried."""

    kind: FrameKind
    source: str
    destination: str
    data: bytes
    """Payload of a datagram; of ICMP its identifier, sequence number and data, the same in request and reply."""


class Assembler:
    """Fragments of one side of one interface to whole packets."""

    def __init__(self) -> None:
        self._pending: dict[tuple[bytes, bytes, int, int], dict[int, tuple[bytes, bool]]] = {}

    def add(self, frame: bytes) -> Carried | None:
        """None for what is not ours, and for fragments while others are missing."""
        if len(frame) < _ETHERNET + _IP.size or int.from_bytes(frame[12:14], "big") != _IPV4_TYPE:
            return None
        head, total, ident, fragment, protocol, source, destination = _IP.unpack_from(frame, _ETHERNET)
        length = (head & 0x0F) * 4
        if head >> 4 != 4 or length < 20 or not length <= total <= len(frame) - _ETHERNET:
            return None
        body = frame[_ETHERNET + length : _ETHERNET + total]
        if fragment & (_MORE | _OFFSET):
            whole = self._join((source, destination, ident, protocol), fragment, body)
            if whole is None:
                return None
            body = whole
        return _carried(protocol, source, destination, body)

    def _join(self, key: tuple[bytes, bytes, int, int], fragment: int, body: bytes) -> bytes | None:
        while len(self._pending) >= PENDING_MAX:
            del self._pending[next(iter(self._pending))]
        pieces = self._pending.setdefault(key, {})
        pieces[(fragment & _OFFSET) * 8] = (body, bool(fragment & _MORE))
        out, at = b"", 0
        while at in pieces:
            piece, more = pieces[at]
            out += piece
            if not more:
                del self._pending[key]
                return out
            if not piece:
                return None
            at = len(out)
        return None


@lru_cache(maxsize=1024)
def _address(raw: bytes) -> str:
    return str(IPv4Address(raw))


def _carried(protocol: int, source: bytes, destination: bytes, body: bytes) -> Carried | None:
    if len(body) < 8:
        return None
    ends = (_address(source), _address(destination))
    if protocol == _UDP and HA_PORT in struct.unpack_from("!HH", body):
        return Carried("datagram", *ends, body[8:])
    kind = _ICMP_KINDS.get(body[0]) if protocol == _ICMP else None
    return None if kind is None else Carried(kind, *ends, body[4:])
