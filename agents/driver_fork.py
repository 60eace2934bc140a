"""Children of a host's hypervisor process: forked, watched until they are gone, never outliving it.

Decides how a child begins (only the descriptors it is given, a parent-death signal, its own name) and how its end is
told apart. Leaves what it runs to the caller.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import NoReturn

from agents.driver_kernel import die_with_parent, set_name

_DESCRIPTORS_MAX = 65536


def close_all_but(keep: Iterable[int]) -> None:
    """Close every descriptor above standard error but these."""
    low = 3
    for descriptor in sorted(keep):
        os.closerange(low, descriptor)
        low = max(low, descriptor + 1)
    os.closerange(low, _DESCRIPTORS_MAX)


def run_child(body: Callable[[], None]) -> NoReturn:
    """Run a forked child's body and end the process; nothing of the parent's stack is unwound."""
    status = 1
    try:
        body()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


class Child:
    """A child process, watched by `descriptor`, which becomes readable when it is gone."""

    def __init__(self, name: str, keep: Iterable[int], body: Callable[[], None]) -> None:
        """Fork. The child keeps `keep` open and ends when its parent does."""
        lifeline, held = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:

            def begin() -> None:
                os.close(held)
                die_with_parent(lifeline)
                close_all_but(keep)
                set_name(name)
                body()

            run_child(begin)
        os.close(lifeline)
        self._held = held
        self.descriptor = os.pidfd_open(self.pid)

    def kill(self) -> None:
        signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)

    def reap(self) -> str:
        """Wait for its end; returns how it ended, in words."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        os.close(self._held)
        return ending(status)


def ending(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"
