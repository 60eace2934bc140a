"""The start of a Python process of ours: executed, or forked where that is quicker.

This module decides which of the two it is. A process whose image holds the module forks it. A process that will start
many asks a fork server, which it has from `asking.expect_many` on. Everything else is executed. The result is the same
but for its cost, so a fork server that is gone, or that was begun with another environment for Python, is passed over.

It imports nothing that takes long, because the first process of a sandbox starts others before it does anything else.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from herzschlag.topo.environment import environment
from herzschlag.topo.processes import image
from herzschlag.topo.processes.image import Stream


class Process(Protocol):
    """What `subprocess.Popen` offers, as far as it is used."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class Server(Protocol):
    """A fork server, from the side that asks."""

    def can(self, module: str, env: Mapping[str, str], descriptors: int) -> bool:
        """Whether it serves this module, in this environment, with so many descriptors."""

    def ask(
        self, module: str, words: Sequence[str], env: Mapping[str, str], descriptors: Mapping[int, int], session: bool
    ) -> Process:
        """`descriptors`: number there to number here, the standard ones among them. Raises OSError where the server
        forks nothing, whatever the reason."""


server: Server | None = None
"""That of this process, for `asking.py` to set."""


def _forget() -> None:
    """A forked process shares no server with its parent."""
    global server  # noqa: PLW0603 (one for each process)
    server = None


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget)


def start(
    module: str,
    words: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    pass_fds: Iterable[int] = (),
    stdin: Stream = None,
    stdout: Stream = None,
    stderr: Stream = None,
    new_session: bool = False,
) -> Process:
    """A process that runs `python -m module words`. Raises OSError.

    `pass_fds` have the same numbers there; standard streams are descriptors, files, DEVNULL or, by default, ours.
    """
    env = environment() if env is None else env
    handed = tuple(pass_fds)
    streams = (stdin, stdout, stderr)
    if image.is_ready(module):
        ours = {number: number for number in handed}
        return image.fork(module, words, env=env, descriptors=ours, streams=streams, new_session=new_session)
    if server is not None and subprocess.PIPE not in streams and server.can(module, env, len(handed)):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            given = {number: number for number in handed}
            for number, stream in enumerate(streams):
                given[number] = given[1] if stream == subprocess.STDOUT else _number(stream, number, stack)
            return server.ask(module, words, env, given, new_session)
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        env=env,
        pass_fds=handed,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=new_session,
    )


def _number(stream: Stream, ours: int, stack: contextlib.ExitStack) -> int:
    """The descriptor of a standard stream as subprocess.Popen names it."""
    if stream is None:
        return ours
    if stream == subprocess.DEVNULL:
        number = os.open(os.devnull, os.O_RDWR)
        stack.callback(os.close, number)
        return number
    return stream if isinstance(stream, int) else stream.fileno()
