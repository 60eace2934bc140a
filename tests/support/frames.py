"""Ethernet frames around datagrams, for tests of captures."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from herzschlag.topo.capture.capture import HA_PORT

_UDP, _ICMP = 17, 1


def ethernet(source: str, destination: str, protocol: int, body: bytes, *, ident: int = 0, offset: int = 0) -> bytes:
    """An IPv4 packet in a frame; `offset` in bytes above 0 makes it a fragment, `offset` -1 the first of several."""
    fragment = 0x2000 if offset < 0 else offset // 8
    ends = IPv4Address(source).packed + IPv4Address(destination).packed
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), ident, fragment, 64, protocol, 0) + ends
    total = sum(struct.unpack("!10H", header))
    total = (total >> 16) + (total & 0xFFFF)
    checked = header[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
    return bytes(12) + b"\x08\x00" + checked + body


def udp(data: bytes, *, port: int = HA_PORT) -> bytes:
    return struct.pack("!HHHH", port, port, 8 + len(data), 0) + data


def datagram(source: str, destination: str, data: bytes, *, ident: int = 0) -> bytes:
    return ethernet(source, destination, _UDP, udp(data), ident=ident)


def fragments(source: str, destination: str, data: bytes, *, ident: int, mtu: int = 1500) -> list[bytes]:
    """The datagram cut as IPv4 cuts it."""
    whole, room = udp(data), (mtu - 20) // 8 * 8
    pieces = [whole[at : at + room] for at in range(0, len(whole), room)]
    made = [ethernet(source, destination, _UDP, pieces[0], ident=ident, offset=-1)]
    for number, piece in enumerate(pieces[1:], start=1):
        frame = bytearray(ethernet(source, destination, _UDP, piece, ident=ident, offset=number * room))
        if number < len(pieces) - 1:
            frame[20] |= 0x20  # more fragments follow
        made.append(bytes(frame))
    return made


def echo(source: str, destination: str, *, reply: bool = False, ident: int = 1, sequence: int = 1) -> bytes:
    return ethernet(source, destination, _ICMP, struct.pack("!BBHHHQ", 0 if reply else 8, 0, 0, ident, sequence, 0))
