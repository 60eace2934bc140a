"""Captures every packet that crosses a lab's switches into one pcapng file.

This module decides where packets are seen: at the switch's end of every link, both ways, so that a packet which entered
the switch (`in`) and was dropped there is told from one that was delivered (`out`); and which ones are kept. One socket
sees all interfaces: a capture of 66 nodes costs what one of three costs. Writing is left to the process of
`recorder.py`.

    outside the sandbox                          inside
    recorder = Recorder.start(file, …)
    Sandbox.start(…, pass_fds=(recorder.line,))  begin(spec, line, "heartbeats")   opens the socket, hands it over
    …                                            the first process ends, however
    recorder.wait()                              the recorder writes what the kernel still holds, and ends

The recorder runs outside so that it outlives the lab for as long as it takes to write the last packets.
Sources: packet(7), the kernel's packet_mmap documentation.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
from collections.abc import Iterable
from typing import IO, NamedTuple

from herzschlag.topo.capture import pcapng
from herzschlag.topo.capture.pcapng import Interface
from herzschlag.topo.errors import LabError
from herzschlag.topo.processes.start import Process, start
from herzschlag.topo.spec import CAPTURE_BYTES, Captured, TopologySpec, switch_interface

HA_PORT = 8182
BLOCKS = 512
"""The kernel hands over a block when it is full, or HAND_OVER_MS after its first packet: so many of them hold five
seconds of a quiet lab."""
BLOCK_BYTES, SMALL_BLOCK_BYTES = 64 << 10, 16 << 10
"""A block has room for the largest packet that an interface takes. The agents send no frame above 1,514 bytes: small
blocks do for their heartbeats, and hold 32,000. A ring's memory is zeroed in one go, which has been seen to keep a
processor from all labs for 49 ms with large blocks."""
HAND_OVER_MS = 10
READY_S_MAX = 20.0
END_S_MAX = 20.0
_SOL_PACKET = 263
_PACKET_RX_RING, _PACKET_VERSION, _TPACKET_V3 = 5, 10, 2
_SO_ATTACH_FILTER = 26
_ETH_P_ALL = 3
_FRAME_BYTES = 2048
_READY = b"ready"


def interface_name(node: str, network: str) -> str:
    """How a capture names the link of a node on a network."""
    return f"{node} {network}"


def interfaces(spec: TopologySpec) -> dict[str, Interface]:
    """Interface of the switches to what a capture says of it, in the order of the capture."""
    return {
        switch_interface(node, network): Interface(
            interface_name(node, network),
            f"switch port of {node} on network {network}: inbound is what {node} sent, outbound what it was given",
        )
        for network in spec.networks
        for node in spec.nodes
    }


# --- outside ----------------------------------------------------------------------------------------------------------


class Recorder:
    """The process that writes, and our end of the line to it."""

    def __init__(self, process: Process, line: socket.socket, news: int) -> None:
        self._process = process
        self._line = line
        self._news = news
        self._full_ns: int | None = None

    @classmethod
    def start(
        cls,
        file: IO[bytes],
        wall_minus_monotonic_ns: int,
        log: IO[bytes],
        comments: Iterable[str] = (),
        *,
        limit_bytes: int = CAPTURE_BYTES,
    ) -> Recorder:
        """Start writing into `file`, which grows up to the limit. Times are the wall clock of the start, continued on
        the monotonic one."""
        file.write(pcapng.section("herzschlag", comments))
        file.flush()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        news, told = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        numbers = (theirs.fileno(), file.fileno(), told)
        with theirs:
            process = start(
                "herzschlag.topo.capture.recorder",
                list(map(str, (*numbers, wall_minus_monotonic_ns, limit_bytes))),
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                new_session=True,  # Ctrl-C in a terminal ends the lab, and by that, in good order, the capture
            )
        os.close(told)
        return cls(process, ours, news)

    @property
    def line(self) -> int:
        """To be passed into the sandbox, whose end ends the recorder."""
        return self._line.fileno()

    def passed(self) -> None:
        """The sandbox has the line now: ours would keep the recorder waiting."""
        self._line.close()

    def full_ns(self) -> int | None:
        """When the file reached its limit, as the capture counts time; None: it has not."""
        if self._full_ns is None and self._news >= 0:
            with contextlib.suppress(BlockingIOError):
                said = os.read(self._news, 32)
                self._full_ns = int(said) if said else None
        return self._full_ns

    def wait(self) -> int:
        """After the lab has ended: wait until the file is complete. Returns the exit status, 0 when all went well."""
        self._line.close()
        try:
            return self._process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self.full_ns()
            if self._news >= 0:
                os.close(self._news)
                self._news = -1


# --- inside -----------------------------------------------------------------------------------------------------------


class Kept(NamedTuple):
    """Packets of one kind: their IP protocol and, if that has ports, the port they are for; 0: any."""

    protocol: int
    port: int = 0


def begin(spec: TopologySpec, line: int, mode: Captured, foreign: Kept | None = None) -> socket.socket:
    """Capture from now on. `foreign`: what the heartbeats are of a system that is not the modelled one. Returns the
    line: the capture goes on until it is closed, at the latest with the process."""
    found = {name: index for index, name in socket.if_nameindex()}
    table = [(found[name], one.name, one.about) for name, one in interfaces(spec).items()]
    talk = socket.socket(fileno=line)
    with open_ring(mode, foreign) as ring:
        greeting = json.dumps([block_bytes(mode, foreign), table])
        socket.send_fds(talk, [greeting.encode()], [ring.fileno()])
    talk.settimeout(READY_S_MAX)
    try:
        answer = talk.recv(100)
    except TimeoutError:
        answer = b""
    if answer != _READY:
        raise LabError("the recorder of packets did not begin: see log/capture.log, or run without capture")
    os.set_inheritable(talk.fileno(), False)
    return talk


def block_bytes(mode: Captured, foreign: Kept | None) -> int:
    """How large the blocks of the ring are."""
    return SMALL_BLOCK_BYTES if mode == "heartbeats" and foreign is None else BLOCK_BYTES


def open_ring(mode: Captured, foreign: Kept | None = None) -> socket.socket:
    """A socket that sees every interface of this network namespace and keeps packets in a ring for its mapper."""
    from herzschlag.topo.kernel import syscalls  # noqa: PLC0415 (Linux alone has it; captures are read everywhere)

    ring = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    heartbeats = heartbeat_filter() if foreign is None else foreign_filter(foreign)
    attach(ring, heartbeats if mode == "heartbeats" else switched_filter())
    ring.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
    size = block_bytes(mode, foreign)
    frames = BLOCKS * size // _FRAME_BYTES
    request = struct.pack("7I", size, BLOCKS, _FRAME_BYTES, frames, HAND_OVER_MS, 0, 0)
    ring.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
    # Only now: what comes before there is a ring is counted, but not kept.
    syscalls.bind_packets_of_all_interfaces(ring, _ETH_P_ALL)
    return ring


# --- which packets ----------------------------------------------------------------------------------------------------

_LOAD_WORD_32, _LOAD_WORD_16, _LOAD_BYTE, _LOAD_HEADER_LENGTH, _LOAD_16_BEHIND = 0x20, 0x28, 0x30, 0xB1, 0x48
_JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x15, 0x45, 0x06
_HARDWARE_TYPE = 0xFFFFF000 + 28
"""Where classic BPF keeps the type of the interface (linux/filter.h: SKF_AD_OFF, SKF_AD_HATYPE)."""
_LOOPBACK = 772
_ALL_BYTES = 0x40000

Instruction = tuple[int, int, int, int]


def switched_filter() -> list[Instruction]:
    """Everything but the loopback interface, where the sandbox talks to itself: no switch is on that way."""
    return [
        (_LOAD_WORD_32, 0, 0, _HARDWARE_TYPE),
        (_JUMP_EQUAL, 1, 0, _LOOPBACK),
        (_RETURN, 0, 0, _ALL_BYTES),
        (_RETURN, 0, 0, 0),
    ]


def heartbeat_filter() -> list[Instruction]:
    """Of that, IPv4 and (ICMP, or UDP that is a later fragment or has the HA port at either end), as classic BPF."""
    return [
        (_LOAD_WORD_32, 0, 0, _HARDWARE_TYPE),
        (_JUMP_EQUAL, 13, 0, _LOOPBACK),  # drop
        (_LOAD_WORD_16, 0, 0, 12),  #  0: Ethernet type
        (_JUMP_EQUAL, 0, 11, 0x0800),  #  1: else drop
        (_LOAD_BYTE, 0, 0, 23),  #  2: IP protocol
        (_JUMP_EQUAL, 8, 0, 1),  #  3: ICMP: keep
        (_JUMP_EQUAL, 0, 8, 17),  #  4: not UDP: drop
        (_LOAD_WORD_16, 0, 0, 20),  #  5: fragment offset
        (_JUMP_ANY_BIT, 5, 0, 0x1FFF),  #  6: a later fragment has no ports: keep
        (_LOAD_HEADER_LENGTH, 0, 0, 14),  #  7: X = length of the IP header
        (_LOAD_16_BEHIND, 0, 0, 14),  #  8: source port
        (_JUMP_EQUAL, 2, 0, HA_PORT),  #  9
        (_LOAD_16_BEHIND, 0, 0, 16),  # 10: destination port
        (_JUMP_EQUAL, 0, 1, HA_PORT),  # 11
        (_RETURN, 0, 0, _ALL_BYTES),  # 12: keep
        (_RETURN, 0, 0, 0),  # 13: drop
    ]


def foreign_filter(kept: Kept) -> list[Instruction]:
    """Of what is switched: ARP, and IPv4 that is ICMP or of this kind, as classic BPF."""
    of_kind = [
        (_LOAD_WORD_16, 0, 0, 20),  # fragment offset
        (_JUMP_ANY_BIT, 3, 0, 0x1FFF),  # a later fragment has no ports: keep
        (_LOAD_HEADER_LENGTH, 0, 0, 14),
        (_LOAD_16_BEHIND, 0, 0, 16),  # destination port
        (_JUMP_EQUAL, 0, 1, kept.port),
    ]
    rest = of_kind if kept.port else []
    drop = len(rest) + 1  # from the test of the protocol, which is the last before them
    return [
        (_LOAD_WORD_32, 0, 0, _HARDWARE_TYPE),
        (_JUMP_EQUAL, drop + 6, 0, _LOOPBACK),
        (_LOAD_WORD_16, 0, 0, 12),  # Ethernet type
        (_JUMP_EQUAL, drop + 3, 0, 0x0806),  # ARP: keep
        (_JUMP_EQUAL, 0, drop + 3, 0x0800),  # else drop
        (_LOAD_BYTE, 0, 0, 23),  # IP protocol
        (_JUMP_EQUAL, drop, 0, 1),  # ICMP: keep
        (_JUMP_EQUAL, 0, drop, kept.protocol),  # else drop
        *rest,
        (_RETURN, 0, 0, _ALL_BYTES),  # keep
        (_RETURN, 0, 0, 0),  # drop
    ]


def attach(end: socket.socket, program: list[Instruction]) -> None:
    """Have the kernel apply the filter before a packet costs anything."""
    import ctypes  # noqa: PLC0415 (the filter is handed over by address)

    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    end.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program), ctypes.addressof(code)))
