"""A server that forks processes whose modules it has imported, for a process that starts many of them.

    python -m herzschlag.topo.processes.fork_server FD MODULE ... [PADDING]

The standard library's `multiprocessing.forkserver` does the same for functions; it leaves its socket in /tmp when its
user is killed, and gives no process of a chosen command line and descriptors. This one listens on a socket that it
inherits and that no file names, and ends when the other end is closed. What it has forked goes on then: who asked for
it sees to its end (a lifeline, or the launcher's watch over its starter).

    asked       one packet: an Order, with one descriptor for news of the process, and those that it is given
    news        a packet "pid N" with a pidfd of the process, and one "status N" when it has ended; or "error TEXT"
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys

import msgspec

from herzschlag.topo.processes import image

ORDER_BYTES_MAX = 200_000
DESCRIPTORS_MAX = 64
PADDING = "-" * 250
"""An argument that means nothing: the command lines of forked processes are shown in its place."""


class Order(msgspec.Struct, frozen=True):
    """A process that is wanted."""

    module: str
    words: tuple[str, ...]
    env: dict[str, str]
    directory: str
    numbers: tuple[int, ...]
    """Under which numbers it shall have the descriptors that come with the order: 0, 1 and 2 among them."""
    new_session: bool


class _Server:
    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._children: dict[int, tuple[subprocess.Popen[bytes], socket.socket]] = {}
        """By pidfd: the process, and where to tell of its end."""
        self._poll = select.poll()
        self._poll.register(line, select.POLLIN)

    def serve(self) -> None:
        while True:
            for descriptor, _event in self._poll.poll():
                if descriptor in self._children:
                    self._ended(descriptor)
                elif not self._obey():
                    return

    def _obey(self) -> bool:
        try:
            data, descriptors, _flags, _address = socket.recv_fds(self._line, ORDER_BYTES_MAX, DESCRIPTORS_MAX)
        except ConnectionResetError:
            data = b""
        if not data:
            return False
        news = socket.socket(fileno=descriptors[0])
        try:
            if select.select([news], [], [], 0)[0]:
                raise OSError("the process is not waited for any more")
            order = msgspec.json.decode(data, type=Order)
            if not image.is_ready(order.module):
                raise ImportError(f"{order.module} cannot be imported")
            process = _forked(order, descriptors[1:])
            pidfd = os.pidfd_open(process.pid)
        except (ImportError, OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
            with news, contextlib.suppress(OSError):
                news.send(f"error {error}".encode())
            return True
        finally:
            for number in descriptors[1:]:
                os.close(number)
        with contextlib.suppress(OSError):
            socket.send_fds(news, [f"pid {process.pid}".encode()], [pidfd])
        self._children[pidfd] = (process, news)
        self._poll.register(pidfd, select.POLLIN)
        return True

    def _ended(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        process, news = self._children.pop(pidfd)
        os.close(pidfd)
        with news, contextlib.suppress(OSError):
            news.send(f"status {process.wait()}".encode())


def _forked(order: Order, given: list[int]) -> subprocess.Popen[bytes]:
    ours = dict(zip(order.numbers, given, strict=True))
    streams = ours.pop(0), ours.pop(1), ours.pop(2)
    return image.fork(
        order.module,
        order.words,
        env=order.env,
        descriptors=ours,
        directory=order.directory,
        streams=streams,
        new_session=order.new_session,
    )


def main() -> None:
    line = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(line.fileno(), False)
    image.get_ready(word for word in sys.argv[2:] if word != PADDING)
    gc.collect()
    gc.freeze()  # what is imported stays out of the collector's way, so its pages stay shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for those who ask, and for what was forked
    _Server(line).serve()


if __name__ == "__main__":
    main()
