"""The processes of one life of a node, seen and stopped from outside.

They are read from the node's own /proc, opened before any program of its runs: what root on the node mounts over it
later hides none of them. A folder of that /proc serves as a descriptor of its process (pidfd_send_signal(2)), so that
no number is taken for another's. This module decides what counts as stopped; leaves when to `herzschlag.topo.lab.lab`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from herzschlag.topo.lab.nsenter_children import process_namespace, wake_waiters

_HOLDER = 1
_STOP_S_MAX = 5.0


class NodeProcesses:
    def __init__(self, holder: int) -> None:
        self._namespace = process_namespace(holder)
        self._proc = os.open(f"/proc/{holder}/root/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def stop(self) -> bool:
        """Stop all but the holder, without a fork: from the return on, none executes an instruction of its own. False:
        after `_STOP_S_MAX` there are still new ones."""
        until_s = time.monotonic() + _STOP_S_MAX
        stopped: set[int] = set()
        while new := self._numbers() - stopped:
            if time.monotonic() > until_s:
                return False
            for number in new:
                self._send(number, signal.SIGSTOP)
            stopped |= new
        return True

    def running(self) -> list[int]:
        """Those that could still do something, by the node's numbering, without the holder.

        Stopped and dead ones cannot. Nor can one that waits in the kernel, as for its vforked child which was stopped
        before it became another program: the stop reaches it before its next instruction.
        """
        return sorted(number for number in self._numbers() if self._state(number) not in "TtZXD")

    def wake_waiters(self) -> None:
        """Continue what waits outside the node for processes in it, and stopped with them."""
        wake_waiters(self._namespace)

    def close(self) -> None:
        os.close(self._proc)

    def _numbers(self) -> set[int]:
        with os.scandir(self._proc) as entries:
            return {int(entry.name) for entry in entries if entry.name.isdigit()} - {_HOLDER}

    def _state(self, number: int) -> str:
        """A letter (proc(5)); that of a dead one where it is gone."""
        try:
            descriptor = os.open(f"{number}/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
            with os.fdopen(descriptor) as file:
                return file.read().rpartition(")")[2].split()[0]
        except OSError:
            return "X"

    def _send(self, number: int, which: signal.Signals) -> None:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            folder = os.open(str(number), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._proc)
            try:
                signal.pidfd_send_signal(folder, which)
            finally:
                os.close(folder)
