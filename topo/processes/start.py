"""The start of a Python process of ours: executed, or forked where that is quicker.

This module decides which of the two it is. A process whose image holds the module forks it. A process that will start
many asks a fork server, which it has from `expect_many` on. Everything else is executed. The result is the same but for
its cost, so a fork server that is gone, or that was begun with another environment for Python, is passed over.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from herzschlag.topo.environment import environment
from herzschlag.topo.processes import image
from herzschlag.topo.processes.fork_server import DESCRIPTORS_MAX, ORDER_BYTES_MAX, PADDING, Order
from herzschlag.topo.processes.image import Stream

LOST = 255
"""The status of a process whose end only its fork server could have reported, which was killed."""
ANSWER_S_MAX = 60.0
"""How long a fork server may take for a process, its own imports included; then the process is executed."""
_NEWS_BYTES_MAX = 4096
_SHAPING = ("PYTHON", "LD_", "MALLOC_")
"""Environment variables that begin so shape a process as it is executed."""


class Process(Protocol):
    """What `subprocess.Popen` offers, as far as it is used."""

    pid: int

    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class Asked:
    """A process that a fork server has forked."""

    def __init__(self, words: Sequence[str], news: socket.socket) -> None:
        self._words = words
        self._news = news
        news.settimeout(ANSWER_S_MAX)
        data, descriptors, _flags, _address = socket.recv_fds(news, _NEWS_BYTES_MAX, 1)
        kind, _, text = data.decode().partition(" ")
        if kind != "pid":
            news.close()
            raise OSError(text or "the fork server ended")
        self.pid = int(text)
        self._pidfd = descriptors[0]
        self.returncode: int | None = None

    def __del__(self) -> None:
        self._news.close()
        with contextlib.suppress(OSError, AttributeError):
            os.close(self._pidfd)

    def poll(self) -> int | None:
        self._hear(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._hear(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(list(self._words), timeout or 0.0)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _hear(self, timeout_s: float | None) -> None:
        """Wait for the end, which the server tells; where the server is gone, the kernel tells that much."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while self.returncode is None:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._news], [], [], left_s)[0]:
                return
            kind, _, text = self._news.recv(_NEWS_BYTES_MAX).decode().partition(" ")
            if kind == "status":
                self.returncode = int(text)
                return
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            if select.select([self._pidfd], [], [], left_s)[0]:
                self.returncode = LOST
            return


class _Server:
    """A fork server, from the side that asks."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules
        self._shape = _shape(environment())
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * ORDER_BYTES_MAX)
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "herzschlag.topo.processes.fork_server", str(theirs.fileno())),
                    *(*modules, PADDING),
                ],
                env=environment(),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )

    def can(self, module: str, env: Mapping[str, str]) -> bool:
        return module in self._modules and self._shape == _shape(env) and self.lives()

    def lives(self) -> bool:
        return self._process.poll() is None

    def ask(self, order: Order, descriptors: Sequence[int]) -> Asked:
        """Raises OSError, with every reason for which there is no such process."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._lock:
            socket.send_fds(self._line, [msgspec.json.encode(order)], [theirs.fileno(), *descriptors])
        return Asked(order.words, ours)

    def close(self) -> None:
        self._line.close()
        self._process.wait()


_server: _Server | None = None
_starting = threading.Lock()


def expect_many(modules: Sequence[str]) -> None:
    """From now on processes of these modules are forked by a server of this process's own. It takes a second of
    processor time to begin, which the second process of each has saved."""
    global _server  # noqa: PLW0603 (one for each process)
    with _starting:
        if _server is not None and not _server.lives():
            _server.close()
            _server = None
        _server = _server or _Server(tuple(modules))


def expect_no_more() -> None:
    """End the server; what it has forked goes on."""
    global _server
    with _starting:
        server, _server = _server, None
    if server is not None:
        server.close()


def _forget() -> None:
    """A forked process shares no server with its parent."""
    global _server, _starting
    _server, _starting = None, threading.Lock()


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
    server = _server
    if server is not None and len(handed) + 4 <= DESCRIPTORS_MAX and server.can(module, env):
        order = Order(module, tuple(words), dict(env), str(Path.cwd()), handed, new_session)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            given = [_number(stream, number, stack) for number, stream in enumerate(streams)]
            return server.ask(order, [*given, *handed])
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


def _shape(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_SHAPING)}
