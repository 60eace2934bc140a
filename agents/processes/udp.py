"""The UDP end of an agent or of vCenter: one socket per network, messages in, messages out.

This module decides how datagrams leave and which are dropped; leaves what they mean to the cores. The network on which
something was received is the socket it came through. What cannot be sent is counted, never an error: a host without a
route, an address or a cable is the very thing under test.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Mapping

from herzschlag.agents.processes.loop import Loop
from herzschlag.agents.processes.record_file import Drops
from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.codec import Codec, WireError
from herzschlag.agents.protocol.events import Received
from herzschlag.agents.protocol.format import DATAGRAM_MAX
from herzschlag.agents.protocol.messages import Address, Join, Welcome

PORT = 8182
BURST_MAX = 512
"""Datagrams read from one socket before timers are looked at again: 63 slaves' heartbeats eight times over."""
BUFFER_BYTES = 4_000_000
"""Socket buffer: some 5,000 small datagrams, a tenth of a second of a flood of 50,000 a second. It is forced where the
kernel lets us, who own the network namespace; elsewhere the kernel grants what net.core.rmem_max allows."""
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33
_IP_FREEBIND = 15
_IP_MTU_DISCOVER = 10
_PMTU_NEVER = 5
_PMTU_ALWAYS = 3
"""IP_PMTUDISC_OMIT and _PROBE: may be fragmented, must not be, both by the interface's MTU alone. An ICMP message that
names a smaller MTU can be forged, and the kernel believes it for ten minutes, in which no join would leave."""

AddressBook = Mapping[str, Mapping[str, str]]
"""Node to network to address: what /etc/hosts would hold."""


class Network:
    """All sockets of one node."""

    def __init__(self, node: str, book: AddressBook, codec: Codec, drops: Drops) -> None:
        own = book[node]
        self._node = node
        self._codec = codec
        self._drops = drops
        self._targets = {
            network: {node: (addresses[network], PORT) for node, addresses in book.items() if network in addresses}
            for network in own
        }
        self.sockets = {network: _socket(address) for network, address in own.items()}

    def close(self) -> None:
        for end in self.sockets.values():
            end.close()

    def join(self, loop: Loop, received: Callable[[Received, int], None]) -> None:
        for network, end in self.sockets.items():
            loop.watch(end.fileno(), self._reader(network, end, received))

    def _reader(
        self, network: str, end: socket.socket, received: Callable[[Received, int], None]
    ) -> Callable[[], None]:
        read = self._codec.read
        node = self._node

        def readable() -> None:
            for _ in range(BURST_MAX):
                try:
                    data = end.recv(DATAGRAM_MAX + 1)
                except BlockingIOError:
                    return
                except OSError:
                    continue  # an ICMP error of an earlier packet, reported once
                now_ns = time.monotonic_ns()
                try:
                    (_, _, to_boot), message = read(data, node, network)
                except WireError as error:
                    self._drops.count("in", network, error.reason, str(error), now_ns)
                    continue
                received(Received(network, message, to_boot), now_ns)

        return readable

    def send(self, action: Send, now_ns: int) -> None:
        """Send to everyone named. Joins and welcomes fill the MTU and must not be fragmented."""
        addresses = []
        for network in action.networks:
            for node in action.to if network in self.sockets else ():
                if node in self._targets[network]:
                    addresses.append(Address(node, network, action.lives.get(node, 0)))
                else:
                    self._drops.count("out", network, "unknown-node", f"no address of {node!r}", now_ns)
        whole = isinstance(action.message, Join | Welcome)
        if whole:
            self._set_mtu_discovery(_PMTU_ALWAYS)
        for (node, network, _), data in zip(addresses, self._codec.encode_all(action.message, addresses), strict=True):
            try:
                self.sockets[network].sendto(data, self._targets[network][node])
            except OSError as error:
                reason = errno.errorcode.get(error.errno or 0, "error")
                self._drops.count("out", network, reason, f"to {node}: {error.strerror}", now_ns)
        if whole:
            self._set_mtu_discovery(_PMTU_NEVER)

    def _set_mtu_discovery(self, how: int) -> None:
        for end in self.sockets.values():
            end.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, how)


def _socket(address: str) -> socket.socket:
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    end.setblocking(False)
    # An agent may start while its address is missing (a fault we inflict) and must work once it is back.
    end.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
    end.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTU_NEVER)
    for forced, asked in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            end.setsockopt(socket.SOL_SOCKET, forced, BUFFER_BYTES)
        except PermissionError:
            end.setsockopt(socket.SOL_SOCKET, asked, BUFFER_BYTES)
    end.bind((address, PORT))
    return end
