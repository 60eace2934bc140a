"""The few system calls a host's processes need and Python 3.11 lacks: entering namespaces, dying with a parent, hiding.

Only translation and error texts; when they are called is decided by `zygote.py` and the drivers.
Sources: setns(2), prctl(2), pid_namespaces(7).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15

_FLAGS = {
    "net": CLONE_NEWNET,
    "pid": CLONE_NEWPID,
    "mnt": CLONE_NEWNS,
    "ipc": CLONE_NEWIPC,
    "uts": CLONE_NEWUTS,
    "user": CLONE_NEWUSER,
}
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


class Namespaces:
    """All namespaces of a process, open until `close`. All are opened at once: in that of files /proc is another one.
    Raises OSError when the process is gone."""

    def __init__(self, pid: int | str) -> None:
        self._pid = pid
        self._open: dict[str, int] = {}
        try:
            for kind in _FLAGS:
                self._open[kind] = os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise

    def enter(self, kind: str) -> None:
        """Enter one of them; of that of processes, only children to come are members."""
        number, flag = ctypes.c_int(self._open[kind]), ctypes.c_int(_FLAGS[kind])
        _checked(_libc.setns(number, flag), f"enter the {kind} namespace of {self._pid}")

    def enter_others(self) -> None:
        """Enter all but that of processes, the users' last, because it takes the right to enter the others."""
        for kind in _FLAGS:
            if kind != "pid":
                self.enter(kind)
        os.chdir("/")

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


def die_with_parent(lifeline: int) -> None:
    """End by SIGKILL when the parent ends. `lifeline` is the reading end of a pipe that the parent alone writes to:
    it shows a parent that ended before the kernel was asked."""
    _checked(_libc.prctl(ctypes.c_int(_PR_SET_PDEATHSIG), ctypes.c_ulong(signal.SIGKILL), 0, 0, 0), "prctl(PDEATHSIG)")
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    if poll.poll(0):
        os._exit(1)


def hide() -> None:
    """Let the machinery alone look into this process: another program on the host, although its root, can neither
    trace it nor take over what it has open (ptrace(2), "ptrace access mode checking")."""
    _checked(_libc.prctl(ctypes.c_int(_PR_SET_DUMPABLE), ctypes.c_ulong(0), 0, 0, 0), "prctl(DUMPABLE)")


def set_name(name: str) -> None:
    """What `ps` shows; the kernel keeps 15 bytes."""
    _libc.prctl(ctypes.c_int(_PR_SET_NAME), ctypes.c_char_p(name.encode()[:15]), 0, 0, 0)
