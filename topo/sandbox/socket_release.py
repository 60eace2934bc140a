"""Letting go of a switch's sockets side by side, so that a lab of 64 hosts ends in an instant.

Closing a packet socket waits for the kernel to see that nobody uses it any more, 10 to 15 ms each. The userspace switch
has one for every port, and a process that ends closes them one after the other: with 132 ports a killed lab would take
two seconds to go. So the lab hands second descriptors of them to the launcher, which is outside the sandbox's process
namespace and ends last: the switch's own end then closes nothing for good, and the launcher closes all of them at once,
in as many threads, in the time of one. Where nothing is handed over (the kernel datapath; a launcher that was killed)
all is closed as well, only later.

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
    """The launcher's side: what was handed over until now."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._descriptors: list[int] = []
        self.number = self._ours.fileno()

    def take(self) -> bool:
        """Receive one message; False when nobody inside can hand over any more."""
        space = socket.CMSG_SPACE(_BATCH * array.array("i").itemsize)
        data, ancillary, _, _ = self._ours.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
        for _, _, content in ancillary:
            numbers = array.array("i")
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
            self._descriptors += numbers
        return bool(data)

    def close_side_by_side(self) -> None:
        threads = [threading.Thread(target=os.close, args=(number,)) for number in self._descriptors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._descriptors = []
