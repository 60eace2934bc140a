"""A fork server of this process: begun, asked for processes, ended.

This module decides what a process that a server has forked looks like to who asked for it: like one of
`subprocess.Popen`. It leaves when a server is asked to `start.py`, and what a server does to `fork_server.py`.
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
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from herzschlag.topo.environment import environment
from herzschlag.topo.processes import start
from herzschlag.topo.processes.fork_server import DESCRIPTORS_MAX, ORDER_BYTES_MAX, PADDING, Order

LOST = 255
"""The status of a process whose end only its fork server could have reported, which was killed."""
ANSWER_S_MAX = 60.0
"""How long a fork server may take for a process, its own imports included; then the process is executed."""
END_S_MAX = 2.0
_NEWS_BYTES_MAX = 4096
_SHAPING = ("PYTHON", "LD_", "MALLOC_")
"""Environment variables that begin so shape a process as it is executed."""


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


class AskedServer:
    """A `start.Server`."""

    def __init__(self, modules: tuple[str, ...], shaping: tuple[str, ...] = ()) -> None:
        self._modules = modules
        self._shaping = (*_SHAPING, *shaping)
        self._shape = self._shape_of(environment())
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * ORDER_BYTES_MAX)
        with theirs:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "herzschlag.topo.processes.fork_server", str(theirs.fileno())),
                    *(*modules, PADDING),
                ],
                env=environment(),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )

    def can(self, module: str, env: Mapping[str, str], descriptors: int) -> bool:
        room = descriptors < DESCRIPTORS_MAX - 4  # beside the standard ones and that for news
        return room and module in self._modules and self._shape == self._shape_of(env) and self.lives()

    def serves(self, modules: Sequence[str]) -> bool:
        """Whether it lives and has them all."""
        return set(modules) <= set(self._modules) and self.lives()

    def _shape_of(self, env: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in env.items() if name.startswith(self._shaping)}

    def lives(self) -> bool:
        return self.process.poll() is None

    def ask(
        self, module: str, words: Sequence[str], env: Mapping[str, str], descriptors: Mapping[int, int], session: bool
    ) -> Asked:
        order = Order(module, tuple(words), dict(env), str(Path.cwd()), tuple(descriptors), session)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs, self._lock:
                socket.send_fds(self._line, [msgspec.json.encode(order)], [theirs.fileno(), *descriptors.values()])
            return Asked(words, ours)
        except OSError:
            ours.close()
            raise

    def close(self) -> None:
        self._line.close()
        try:
            self.process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:  # it stands still; what it has forked does not need it
            self.process.kill()
            self.process.wait()


_changing = threading.Lock()


def expect_many(modules: Sequence[str], shaping: tuple[str, ...] = ()) -> None:
    """From now on processes of these modules are forked by a server of this process's own. It takes a second of
    processor time to begin, which the second process of each has saved. `shaping`: beginnings of names of environment
    variables that these modules read as they are imported."""
    with _changing:
        if not isinstance(start.server, AskedServer) or not start.server.serves(modules):
            _end()
            start.server = AskedServer(tuple(modules), shaping)


def expect_no_more() -> None:
    """End the server; what it has forked goes on."""
    with _changing:
        _end()


def _end() -> None:
    server, start.server = start.server, None
    if isinstance(server, AskedServer):
        server.close()
