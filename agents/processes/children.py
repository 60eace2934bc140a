"""A hypervisor's line to the zygote, which makes and ends the processes of its host.

Why not fork them here: a fork of a busy process keeps every page that its parent changes afterwards, as a copy without
a use, a megabyte for each agent and VM. The zygote changes hardly any. This module decides nothing else.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

import msgspec

from herzschlag.agents.clock import ClockSetting
from herzschlag.agents.hypervisor.api import VmSettings
from herzschlag.agents.processes.control import (
    CHILD_NEWS,
    ChildNews,
    KillProcess,
    ProcessEnded,
    ProcessStarted,
    StartProcess,
)

PACKET_MAX = 65_536
KILL_S_MAX = 10.0
"""Longest wait for a killed child's end: killing takes microseconds, starting 64 hosts keeps the zygote busy for two
seconds."""


class Children:
    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._last = 0
        self._gone: dict[int, Callable[[str], None]] = {}
        self.pids: dict[int, int] = {}
        """Number of a living child to its pid, once known."""

    def fileno(self) -> int:
        return self._socket.fileno()

    def start(
        self, vm: VmSettings | None, clock: ClockSetting, gone: Callable[[str], None]
    ) -> tuple[int, socket.socket]:
        """Order a child; `gone` is called with the reason when it exists no more. Returns its number and our end of
        its channel, which may be written to at once."""
        ours, theirs = socket.socketpair()
        self._last += 1
        self._gone[self._last] = gone
        with theirs:
            socket.send_fds(
                self._socket, [msgspec.msgpack.encode(StartProcess(self._last, vm, clock))], [theirs.fileno()]
            )
        return self._last, ours

    def kill(self, number: int) -> None:
        self._socket.sendall(msgspec.msgpack.encode(KillProcess(number)))

    def kill_now(self, number: int) -> int:
        """Kill and wait until it is gone; returns its pid."""
        pid = self.pids.get(number, 0)
        self.kill(number)
        deadline = time.monotonic() + KILL_S_MAX
        while number in self._gone:
            if not select.select([self._socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"child {number} was not gone {KILL_S_MAX:.0f} s after it was killed")
            pid = self.pids.get(number, pid)
            self.listen()
        return pid

    def listen(self) -> None:
        """Take in one piece of news."""
        data = self._socket.recv(PACKET_MAX)
        if not data:
            raise ConnectionError("the zygote is gone")
        news: ChildNews = CHILD_NEWS.decode(data)
        match news:
            case ProcessStarted(number=number, pid=pid):
                self.pids[number] = pid
            case ProcessEnded(number=number, because=because):
                self.pids.pop(number, None)
                self._gone.pop(number)(because)
