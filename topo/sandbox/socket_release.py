"""Closes a switch's sockets in parallel, so that a 64-host lab stops quickly.

Closing a packet socket takes 10 to 15 ms, because the kernel waits until the socket is no longer in use. The userspace
switch has one for every port, and a process that ends closes them one after the other: with 132 ports a killed lab
would take two seconds to stop. So the lab passes duplicate descriptors of them to the launcher, which is outside the
sandbox's process namespace and ends last. When the switch ends, its sockets stay open; the launcher then closes all of
them at once, one thread each, in the time of one. If nothing is passed on (the kernel datapath, or a launcher that was
killed), the sockets are closed as well, only later.

    lab (inside): hand_over(pid of the switch) ──descriptors, over a socket the launcher made──> launcher: Handed
"""

from __future__ import annotations

import array
import contextlib
import os
import socket
import threading
from pathlib import Path

from herzschlag.topo.kernel import syscalls

CHANNEL = "HERZSCHLAG_RELEASE"  # environment variable: the number of the inherited socket
_BATCH = 200  # the kernel passes at most 253 descriptors in one message
_DESCRIPTORS_MAX = 1000
_PACKET_INODE = 8  # column of /proc/net/packet


def hand_over(pid: int) -> int:
    """Give the launcher second descriptors of all packet sockets of a process. Returns how many."""
    channel = os.environ.get(CHANNEL)
    if channel is None:
        return 0
    own = [syscalls.pidfd_getfd(pid, number) for number in _packet_sockets(pid)[:_DESCRIPTORS_MAX]]
    try:
        with socket.socket(fileno=os.dup(int(channel))) as launcher:
            for start in range(0, len(own), _BATCH):
                socket.send_fds(launcher, [b"s"], own[start : start + _BATCH])
    finally:
        for descriptor in own:
            os.close(descriptor)
    return len(own)


def _packet_sockets(pid: int) -> list[int]:
    rows = Path("/proc/net/packet").read_text().splitlines()[1:]
    inodes = {row.split()[_PACKET_INODE] for row in rows}
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            kind, _, inode = str(entry.readlink()).partition(":")
            if kind == "socket" and inode.strip("[]") in inodes:
                found.append(int(entry.name))
    return found


class Handed:
    """The launcher's side: the descriptors received so far."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._descriptors: list[int] = []
        self.number = self._ours.fileno()

    def take(self) -> bool:
        """Receive one message; False when no process inside can send any more."""
        space = socket.CMSG_SPACE(_BATCH * array.array("i").itemsize)
        data, ancillary, _, _ = self._ours.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
        for _, _, content in ancillary:
            numbers = array.array("i")
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
            self._descriptors += numbers
        return bool(data)

    def close_in_parallel(self) -> None:
        threads = [threading.Thread(target=os.close, args=(number,)) for number in self._descriptors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._descriptors = []
