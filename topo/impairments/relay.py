"""The relay seen from the lab: starts the process that carries packets of bad lines, and tells it how bad they are.

The relay does by itself what netem does in a kernel that has it: it holds packets back, loses, doubles and damages
them. It needs nothing but what every lab needs, nftables and TUN/TAP, and the seed decides what happens to each packet.

    node's socket ──> egress of mgmtA ──> nftables: fwd ──> relayA, a TAP ──> relaying.py: a Line for each destination
                             ^                                                      │
                             └────────── accepted by its mark <── raw socket <──────┘     then mgmtA, switch, receiver

Only packets to destinations whose line is bad make the detour, and nothing but the sender's interface is part of it:
captures, switches and receivers see a packet when and if it leaves the line. This module decides
how the relay is started and asked; it leaves what is said to `relay_messages.py`, the carrying to `relaying.py`, and
which lines are bad to `apply.py`.

Sources: nft(8) (fwd), the kernel's tuntap documentation, packet(7), socket(7) (SO_MARK).
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess

import msgspec

from herzschlag.topo.errors import LabError
from herzschlag.topo.impairments.filters import RELAYED, relay_interface
from herzschlag.topo.impairments.line import Counts
from herzschlag.topo.impairments.relay_messages import MESSAGE_BYTES_MAX, Ask, Open, Request, Told
from herzschlag.topo.kernel import syscalls
from herzschlag.topo.kernel.netlink import InNetwork, Netlink, queue_message
from herzschlag.topo.processes.start import start
from herzschlag.topo.spec import DirectedLink, TopologySpec, node_interface

QUEUE_PACKETS = 10_000
"""What the TAP holds while the relay waits for a processor."""
ANSWER_S_MAX = 10.0


class Relay:
    """The process, and our end of the line to it. It ends with us."""

    def __init__(self, spec: TopologySpec, seed: int) -> None:
        self._spec = spec
        self._served: set[tuple[str, str]] = set()
        """Nodes and networks whose packets can be sent to the relay now. This holds as long as the relay lives: a TAP
        takes the kernel 15 ms to make again, and more to take away."""
        self._late_ns = 0
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(ANSWER_S_MAX)
        with theirs:
            self._process = start(
                "herzschlag.topo.impairments.relaying",
                [str(theirs.fileno()), str(seed)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                new_session=True,  # Ctrl-C in a terminal is not for it
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def open(self, node: str, network: str, netns: int) -> None:
        """Make what the relay needs in a node's network namespace; in a new life its lines go on as they were."""
        with InNetwork(netns):
            tap = syscalls.open_tap(relay_interface(network))
            with contextlib.closing(Netlink()) as netlink:
                netlink.send([queue_message(relay_interface(network), QUEUE_PACKETS)])
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
            raw.bind((node_interface(network), 0))
        with raw, os.fdopen(tap, "rb", buffering=0):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, RELAYED)
            addresses = {other: self._spec.address(other, network) for other in self._spec.nodes if other != node}
            self._ask(Open(node, network, addresses), tap, raw.fileno())
        self._served.add((node, network))

    def send(self, messages: list[bytes]) -> None:
        """Carry out what `set_message` made. All of it is in force afterwards."""
        for message in messages:
            self._said(message)

    def counts(self, node: str) -> dict[DirectedLink, Counts]:
        """What happened on the node's lines since the quality of each last changed."""
        return {
            (network, node, destination): counts
            for sender, network in sorted(self._served)
            if sender == node
            for destination, counts in self._ask(Ask(node, network)).counts.items()
        }

    def take_late_ns(self) -> int:
        """How much later than planned it woke, at most, since this was last asked."""
        if self._served:
            self._ask(Ask(*min(self._served)))
        late_ns, self._late_ns = self._late_ns, 0
        return late_ns

    def close(self) -> None:
        self._line.close()
        self._process.wait()

    def _ask(self, request: Request, *descriptors: int) -> Told:
        return self._said(msgspec.json.encode(request), *descriptors)

    def _said(self, message: bytes, *descriptors: int) -> Told:
        try:
            socket.send_fds(self._line, [message], list(descriptors))
            answer = self._line.recv(MESSAGE_BYTES_MAX)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
        except TimeoutError:
            raise LabError(f"the relay of bad lines gave no answer within {ANSWER_S_MAX:.0f} s") from None
        if not answer:
            raise LabError(f"the relay of bad lines ended with status {self._process.wait()}: the lab is lost")
        told = msgspec.json.decode(answer, type=Told)
        self._late_ns = max(self._late_ns, told.late_ns)
        return told
