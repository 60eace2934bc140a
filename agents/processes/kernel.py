"""The few system calls a host's processes need and Python 3.11 lacks: entering namespaces, dying with a parent.

Only translation and error texts; when they are called is decided by `zygote.py` and the drivers.
Sources: setns(2), prctl(2), pid_namespaces(7).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal

CLONE_NEWNS = 0x00020000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_namespaces(pid: int) -> None:
    """Enter network, mount and process namespaces of `pid`; of the last, only children to come are members.

    All are opened before the first is entered: afterwards /proc may be another one.
    """
    kinds = (("net", CLONE_NEWNET), ("pid", CLONE_NEWPID), ("mnt", CLONE_NEWNS))
    opened = [(kind, flag, os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)) for kind, flag in kinds]
    for kind, flag, descriptor in opened:
        _checked(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(flag)), f"enter the {kind} namespace of {pid}")
        os.close(descriptor)
    os.chdir("/")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _checked(_libc.prctl(ctypes.c_int(_PR_SET_CHILD_SUBREAPER), ctypes.c_ulong(1), 0, 0, 0), "prctl(SUBREAPER)")


def die_with_parent(lifeline: int) -> None:
    """End by SIGKILL when the parent ends. `lifeline` is the reading end of a pipe that the parent alone writes to:
    it shows a parent that ended before the kernel was asked."""
    _checked(_libc.prctl(ctypes.c_int(_PR_SET_PDEATHSIG), ctypes.c_ulong(signal.SIGKILL), 0, 0, 0), "prctl(PDEATHSIG)")
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    if poll.poll(0):
        os._exit(1)


def set_name(name: str) -> None:
    """What `ps` shows; the kernel keeps 15 bytes."""
    _libc.prctl(ctypes.c_int(_PR_SET_NAME), ctypes.c_char_p(name.encode()[:15]), 0, 0, 0)
