"""Addresses at which a server is reached that listens on one, on all of them, or on loopback alone.

This module decides which of this machine's addresses a person on another machine can open.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

try:
    import fcntl
except ImportError:  # a system without it: the address of the default route is the only one found
    fcntl = None  # type: ignore[assignment]

EVERYWHERE = ("0.0.0.0", "::", "")
_ADDRESS_OF = 0x8915
"""SIOCGIFADDR of netdevice(7)."""
_ROUTED = ("192.0.2.1", 9)
"""Of the documentation range (RFC 5737): it is asked for a route, and nothing is sent."""


def is_loopback(host: str) -> bool:
    """Whether an address or name to listen on is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reached_at(host: str) -> list[str]:
    """What to write into a link, the best first: the address itself, or for all of them each one of this machine."""
    if host not in EVERYWHERE:
        return [host]
    found = [*_routed(), *_of_interfaces()]
    others = [address for address in dict.fromkeys(found) if not is_loopback(address)]
    return [*others, "127.0.0.1"]


def _routed() -> list[str]:
    """The address from which this machine would answer most others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_ROUTED)
            return [str(asking.getsockname()[0])]
        except OSError:  # no route
            return []


def _of_interfaces() -> list[str]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex() if fcntl is not None else ():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(asking.fileno(), _ADDRESS_OF, request)
            except OSError:  # it has none
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return found
