"""How the zygote's forks begin and end: in a host's namespaces, tied to the zygote, with nothing open but their own.

    zygote ──fork──> helper: enters the host's namespaces
                       └──fork──> the new process, in the process namespace; the helper ends

The new process so becomes the zygote's own child, because the zygote adopts orphans. It leaves what it runs to the
caller.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import NoReturn

from herzschlag.agents.processes.kernel import die_with_parent, enter_namespaces, hide, set_name

_DESCRIPTORS_MAX = 65536


class Lifeline:
    """A pipe that only the zygote keeps open for writing: its children see by it that they were orphaned at birth."""

    def __init__(self) -> None:
        self.shows, self.held = os.pipe()


def fork_into(pid: int, name: str, keep: Iterable[int], lifeline: Lifeline, body: Callable[[], None]) -> int:
    """Fork a process into the namespaces of `pid`; returns its number here. Raises OSError when they are gone."""
    told, tell = os.pipe()
    wait, go = os.pipe()

    def begin() -> None:
        os.close(go)
        os.close(lifeline.held)
        if os.read(wait, 1) != b"g":
            return
        hide()
        die_with_parent(lifeline.shows)
        close_all_but(keep)
        set_name(name)
        body()

    def helper() -> None:
        try:
            enter_namespaces(pid)
            child = os.fork()
        except OSError as error:
            os.write(tell, f"-{error}".encode())
            return
        if child == 0:
            run_child(begin)
        os.write(tell, f"+{child}".encode())

    number = os.fork()
    if number == 0:
        run_child(helper)
    os.close(tell)
    os.close(wait)
    answer = os.read(told, 4096).decode()
    os.close(told)
    os.waitpid(number, 0)
    if answer.startswith("+"):
        os.write(go, b"g")  # not before the helper is gone: the parent-death signal would fire for it
    os.close(go)
    if not answer.startswith("+"):
        raise OSError(answer[1:] or "the helper process ended without a word")
    return int(answer[1:])


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
