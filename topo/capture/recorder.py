"""The recorder: the process that writes captures.

    python -m herzschlag.topo.capture.recorder LINE_FD FILE_FD NEWS_FD WALL_MINUS_MONOTONIC_NS LIMIT_BYTES

This module decides how packets get from the kernel's ring into the file: every 10 ms at the latest, in whole blocks,
and all that is left when the lab has ended; and where the file ends when a flood would let it grow without bound. At
the limit it says so in the file and over NEWS_FD, and from then on it only counts. It leaves which packets there are
to `capture.py` and the format to `pcapng.py`. It runs outside the sandbox, holds nothing but the ring and the file, and
ends by itself: when the lab's end of the line is closed and the ring has stayed empty, or after LAST_S_MAX.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time

from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.capture import _READY, BLOCKS, HAND_OVER_MS

QUIET_MS = 10 * HAND_OVER_MS
"""The capture is complete when the ring stayed empty for this long after the end of the lab."""
LAST_S_MAX = 10
STEP_NS = 1_000_000
"""A wall clock that moved this far against the monotonic one was set."""
PAIR_NS_MAX = 50_000
"""A pair of clock readings further apart than this is useless: the process was interrupted in between."""
GREETING_BYTES_MAX = 200_000
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_TO_USER = 1
_OUTGOING = 4
_BLOCK = struct.Struct("=8xIII")  # status, number of packets, offset of the first one
# struct tpacket3_hdr (next, seconds, nanoseconds, kept, length, status, offset of the frame, ...), then sockaddr_ll
_FRAME = struct.Struct("=6I2H20x2HiHB")
_STATUS_AT = 8


class Ring:
    """The kernel's ring, read block by block."""

    def __init__(
        self, ring: mmap.mmap | bytearray, numbers: dict[int, int], wall_minus_monotonic_ns: int, room_bytes: int
    ) -> None:
        self._ring = ring
        self._block_bytes = len(ring) // BLOCKS
        self._numbers = numbers
        self._room_bytes = room_bytes
        self.full_ns: int | None = None
        """When the first packet came for which there was no room."""
        self._began_ns = wall_minus_monotonic_ns
        self._step_ns = 0
        self._next = 0

    def filled(self) -> bytes:
        """All blocks that the kernel has handed over, as pcapng, as long as there is room in the file. A packet takes
        less of it than of the ring."""
        out: list[bytes] = []
        while True:
            at = self._next * self._block_bytes
            status, count, first = _BLOCK.unpack_from(self._ring, at)
            if not status & _TO_USER:
                return b"".join(out)
            if not out and self.full_ns is None:
                self._watch_clock()
            if self.full_ns is None and count and self._room_bytes < self._block_bytes:
                self.full_ns = self._stamp_ns(at + first)
            if self.full_ns is None:
                kept = len(out)
                self._block(at + first, count, out)
                self._room_bytes -= sum(map(len, out[kept:]))
            self._ring[at + _STATUS_AT : at + _STATUS_AT + 4] = b"\0\0\0\0"  # the kernel's again
            self._next = (self._next + 1) % BLOCKS

    def _block(self, at: int, count: int, out: list[bytes]) -> None:
        ring, numbers, step_ns, packet, unpack = (
            *(self._ring, self._numbers, self._step_ns),
            *(pcapng.packet, _FRAME.unpack_from),
        )
        for _ in range(count):
            following, seconds, ns, kept, length, _, offset, _, _, _, index, _, kind = unpack(ring, at)
            number = numbers.get(index)
            if number is not None:
                begin = at + offset
                at_ns = seconds * 1_000_000_000 + ns - step_ns
                direction = "out" if kind == _OUTGOING else "in"
                out.append(packet(at_ns, number, ring[begin : begin + kept], direction, length))  # type: ignore[arg-type]
            at += following

    def _stamp_ns(self, at: int) -> int:
        _, seconds, ns, *_ = _FRAME.unpack_from(self._ring, at)
        return int(seconds) * 1_000_000_000 + int(ns) - self._step_ns

    def _watch_clock(self) -> None:
        """The kernel stamps packets by the wall clock, which may be set while a lab runs."""
        readings = (time.monotonic_ns(), time.time_ns(), time.monotonic_ns())
        step_ns = clock_step_ns(*readings, self._began_ns)
        if step_ns is not None:
            self._step_ns = step_ns


def clock_step_ns(before_ns: int, wall_ns: int, after_ns: int, began_ns: int) -> int | None:
    """How far the wall clock was set since the clocks differed by `began_ns`; None: the readings are too far apart."""
    if after_ns - before_ns > PAIR_NS_MAX:
        return None
    step_ns = wall_ns - before_ns - began_ns
    return step_ns if abs(step_ns) > STEP_NS else 0


def statistics(end: socket.socket) -> tuple[int, int]:
    """(seen, dropped); the kernel counts from zero after every look."""
    packets, dropped, _ = struct.unpack("=III", end.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12))
    return packets, dropped


class Pen:
    """Writes what the ring holds, and once that there is no more room."""

    def __init__(self, ring: Ring, file: int, news: int) -> None:
        self._ring = ring
        self._file = file
        self._news = news
        self._told = False

    def write(self) -> None:
        _write(self._file, self._ring.filled())
        full_ns = self._ring.full_ns
        if full_ns is not None and not self._told:
            self._told = True
            _write(self._file, pcapng.full(full_ns, 0))
            with contextlib.suppress(BrokenPipeError):  # the command may have ended
                os.write(self._news, str(full_ns).encode())


def record(line: socket.socket, file: int, news: int, wall_minus_monotonic_ns: int, limit_bytes: int) -> None:
    greeting, descriptors, _, _ = socket.recv_fds(line, GREETING_BYTES_MAX, 1)
    if not descriptors:
        return  # the lab ended before it had a network
    end = socket.socket(fileno=descriptors[0])
    block_bytes: int
    table: list[tuple[int, str, str]]
    block_bytes, table = json.loads(greeting)
    blocks = [pcapng.interface(pcapng.Interface(name, about)) for _, name, about in table]
    _write(file, b"".join(blocks))
    numbers = {index: number for number, (index, _, _) in enumerate(table)}
    memory = mmap.mmap(end.fileno(), BLOCKS * block_bytes)
    pen = Pen(Ring(memory, numbers, wall_minus_monotonic_ns, limit_bytes - os.lseek(file, 0, os.SEEK_CUR)), file, news)
    line.send(_READY)
    waiting = select.poll()
    waiting.register(end, select.POLLIN | select.POLLERR)
    waiting.register(line, select.POLLIN)
    while line.fileno() not in [descriptor for descriptor, _ in waiting.poll()]:
        pen.write()
    signal.alarm(LAST_S_MAX)  # without a handler it ends us: nothing outlives a lab for long
    waiting.unregister(line)
    while waiting.poll(QUIET_MS):
        pen.write()
    _write(file, pcapng.statistics(time.time_ns(), 0, *statistics(end)))


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def main() -> None:
    line, file, news, wall_minus_monotonic_ns, limit_bytes = (int(word) for word in sys.argv[1:6])
    # The lab comes first: the ring holds seconds of packets.
    with contextlib.suppress(OSError):
        os.nice(5)
    record(socket.socket(fileno=line), file, news, wall_minus_monotonic_ns, limit_bytes)


if __name__ == "__main__":
    main()
