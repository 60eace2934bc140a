"""How the zygote's forks begin and end: in a host's namespaces, tied to the zygote, with nothing open but their own.

The zygote enters the host's namespace of processes for the moment of the fork, because only a child to come becomes a
member (pid_namespaces(7)); the new process enters the others itself, from which no way leads back. A fork copies the
zygote's page tables, which is most of what a start takes, so there is one. It leaves what it runs to the caller.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import NoReturn

from herzschlag.agents.processes.kernel import Namespaces, die_with_parent, hide, set_name

_DESCRIPTORS_MAX = 65536


class Forks:
    """The zygote's forks."""

    def __init__(self) -> None:
        self._lifeline, self._held = os.pipe()
        """Only the zygote keeps it open for writing: its children see by it that they were orphaned at birth."""
        self._home = Namespaces("self")

    def into(self, pid: int, name: str, keep: Iterable[int], body: Callable[[], None]) -> int:
        """Fork a process into the namespaces of `pid`; returns its number here. Raises OSError when they are gone."""

        def begin() -> None:
            os.close(self._held)
            hide()
            host.enter_others()
            hide()  # other rights make it visible again
            die_with_parent(self._lifeline)  # they take this back too
            close_all_but(keep)
            set_name(name)
            body()

        with closing(Namespaces(pid)) as host:
            host.enter("pid")
            try:
                number = os.fork()
                if number == 0:
                    run_child(begin)
            finally:
                self._home.enter("pid")
        return number


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


def ending(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"
