"""The relay: the process that carries the packets of bad lines.

    python -m herzschlag.topo.impairments.relaying LINE_FD SEED

This module decides only how packets pass: each is read from the TAP of its sender, has its `Line` decide, and leaves by
the sender's interface when its time has come. It leaves what happens to it to `line.py` and what the lines are to
`relay.py`, whose end of the line ends this process. It touches no file and makes no process.
"""

from __future__ import annotations

import contextlib
import gc
import heapq
import os
import select
import socket
import sys
import time
from itertools import count
from pathlib import Path

import msgspec

from herzschlag.topo.impairments.line import Counts, Line
from herzschlag.topo.impairments.relay_messages import MESSAGE_BYTES_MAX, Ask, Open, Request, Set, Told
from herzschlag.topo.impairments.values import PERFECT, Course

NAME = "hz-relay"
"""How the process is listed."""
FRAME_BYTES_MAX = 65_536
FRAMES_AT_ONCE = 64
"""Read from one TAP before others have their turn."""
TICK_S = 0.02
"""How often the relay wakes while any line is bad, packets or not: a relay that stands still sees that it did."""
ETHERNET_BYTES = 14
_IPV4 = b"\x08\x00"


class Port:
    """A node's packets on one network, on their way to bad lines."""

    def __init__(self, tap: int, raw: socket.socket) -> None:
        self.tap = tap
        self.raw = raw
        self.lines: dict[bytes, Line] = {}
        """By address of the destination, as in a packet."""
        self.names: dict[str, bytes] = {}

    def reopen(self, tap: int, raw: socket.socket) -> None:
        os.close(self.tap)
        self.raw.close()
        self.tap, self.raw = tap, raw

    def serve(self, one: Open, seed: int) -> None:
        for node, address in one.addresses.items():
            self.names[node] = socket.inet_aton(address)
            self.lines.setdefault(self.names[node], Line(seed, (one.network, one.node, node)))

    def change(self, wanted: Set) -> None:
        courses: dict[str, Course] = {node: course for course, nodes in wanted.lines for node in nodes}
        now_ns = time.monotonic_ns()
        for node, address in self.names.items():
            self.lines[address].change(courses.get(node, PERFECT), now_ns)

    def counts(self) -> dict[str, Counts]:
        found = {node: self.lines[address] for node, address in self.names.items()}
        return {node: line.counts for node, line in found.items() if line.bad}


Held = tuple[int, int, int, Port, Line, bytes]
"""When it is due, its place among equals, when it came, and how it goes on."""


class Relaying:
    def __init__(self, control: socket.socket, seed: int) -> None:
        self._control = control
        self._seed = seed
        self._ports: dict[tuple[str, str], Port] = {}
        self._taps: dict[int, Port] = {}
        self._held: list[Held] = []
        self._late_ns = 0
        self._ticks = False
        """Whether any line is bad."""
        self._order = count()
        self._decode = msgspec.json.Decoder(Request).decode

    def run(self) -> None:
        """Until the other end of the control line is closed."""
        looked_ns = time.monotonic_ns()
        while True:
            left_s = max(0.0, (self._held[0][0] - time.monotonic_ns()) / 1e9) if self._held else None
            if self._ticks:
                left_s = TICK_S if left_s is None else min(TICK_S, left_s)
            waiting = [*self._taps, self._control.fileno()]
            ready = select.select(waiting, [], [], left_s)[0]
            woke_ns = time.monotonic_ns()
            if self._ticks and left_s is not None:
                # Since it woke before, not since it began to wait: it can also be stopped while it works.
                self._late_ns = max(self._late_ns, woke_ns - looked_ns - round(left_s * 1e9))
            looked_ns = woke_ns
            self._let_go()
            for descriptor in ready:
                if descriptor in self._taps:
                    self._take(self._taps[descriptor])
                    self._let_go()
                elif not self._obey():
                    return

    def _take(self, port: Port) -> None:
        """Read packets that wait at a TAP."""
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = os.read(port.tap, FRAME_BYTES_MAX)
            except BlockingIOError:
                return
            now_ns = time.monotonic_ns()
            line = port.lines.get(frame[30:34]) if frame[12:14] == _IPV4 else None
            if line is None:
                _send(port, frame)
                continue
            due_ns, damaged_at = line.carry(now_ns, len(frame) - ETHERNET_BYTES)
            if damaged_at is not None:
                frame = damaged(frame, damaged_at)
            for at_ns in due_ns:
                if at_ns <= now_ns:
                    _send(port, frame)
                    line.left(now_ns, at_ns, time.monotonic_ns())
                else:
                    heapq.heappush(self._held, (at_ns, next(self._order), now_ns, port, line, frame))

    def _let_go(self) -> None:
        """Send every packet whose time has come."""
        held = self._held
        while held and held[0][0] <= time.monotonic_ns():
            due_ns, _, arrived_ns, port, line, frame = heapq.heappop(held)
            _send(port, frame)
            line.left(arrived_ns, due_ns, time.monotonic_ns())

    def _obey(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_BYTES_MAX, 2)
        if not message:
            return False
        request: Request = self._decode(message)
        key = (request.node, request.network)
        counts: dict[str, Counts] = {}
        match request:
            case Open():
                self._open(key, request, *descriptors)
            case Set():
                self._ports[key].change(request)
                self._ticks = any(line.bad for port in self._ports.values() for line in port.lines.values())
            case Ask():
                counts = self._ports[key].counts()
        self._control.send(msgspec.json.encode(Told(counts, self._late_ns)))
        self._late_ns = 0
        return True

    def _open(self, key: tuple[str, str], request: Open, tap: int, raw: int) -> None:
        os.set_blocking(tap, False)
        port = self._ports.get(key)
        if port is None:
            port = self._ports[key] = Port(tap, socket.socket(fileno=raw))
            port.serve(request, self._seed)
        else:  # a new life of the node: its lines go on, what they held is gone with the life before
            del self._taps[port.tap]
            port.reopen(tap, socket.socket(fileno=raw))
            self._held = [held for held in self._held if held[3] is not port]
            heapq.heapify(self._held)
        self._taps[tap] = port


def _send(port: Port, frame: bytes) -> None:
    with contextlib.suppress(OSError):  # the interface is down: a cable that is pulled carries nothing
        port.raw.send(frame)


def damaged(frame: bytes, where: float) -> bytes:
    """The frame with one bit of what the IPv4 header is followed by flipped: UDP's or ICMP's checksum is wrong then."""
    begin = ETHERNET_BYTES + (frame[ETHERNET_BYTES] & 0x0F) * 4
    end = min(len(frame), ETHERNET_BYTES + int.from_bytes(frame[16:18], "big"))
    if begin >= end:
        return frame
    byte, bit = divmod(int(where * (end - begin) * 8), 8)
    changed = bytearray(frame)
    changed[begin + byte] ^= 1 << bit
    return bytes(changed)


def main() -> None:
    control, seed = int(sys.argv[1]), int(sys.argv[2])
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(NAME)
    gc.freeze()
    gc.disable()  # nothing here makes circles, and a collection would hold every packet up
    Relaying(socket.socket(fileno=control), seed).run()


if __name__ == "__main__":
    main()
