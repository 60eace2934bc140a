"""The reader: a thread that stamps what programs and kernels say at the moment at which it comes.

The stage itself is busy for tens of milliseconds when it inflicts a fault; a line that waited for it would get a wrong
time. This thread does nothing but wait and write records, and says how late it was itself: a line that came while it
was late is stamped as late.
"""

from __future__ import annotations

import os
import select
import threading
import time
import traceback
from collections.abc import Callable, Iterable

from herzschlag.agents.processes.record_file import Lateness, RecordFile

LATENESS_EVERY_NS = 20_000_000
"""How often it asks itself how late it is."""

Handler = Callable[[int], object]
"""Called with the instant at which there was something to read; at the end it has its descriptor forgotten."""


class Reader:
    def __init__(self, records: int, hosts: Iterable[str]) -> None:
        self._poll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._late = [Lateness(RecordFile(records, host), "reader") for host in hosts]
        self.failed, self._fails = os.pipe()
        """There is something to read once the thread has ended by a failure of ours, and what it was."""
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def watch(self, descriptor: int, handler: Handler) -> None:
        """From now on, until it is forgotten; the handler owns the descriptor."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, select.EPOLLIN)

    def forget(self, descriptor: int) -> None:
        """Before its owner closes it. A child that is just being forked may hold a copy for a moment: epoll(7) would go
        on to report what is closed, under a number that is another descriptor's by then."""
        self._poll.unregister(descriptor)
        del self._handlers[descriptor]

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # a thread that ended unheard would look like a system that says nothing
            traceback.print_exc()
            os.write(self._fails, f"{type(error).__name__}: {error}".encode()[:4096])

    def _serve(self) -> None:
        due_ns = time.monotonic_ns() + LATENESS_EVERY_NS
        while True:
            self.turn(max(0, due_ns - time.monotonic_ns()) / 1e9)
            now_ns = time.monotonic_ns()
            if now_ns >= due_ns:
                for late in self._late:
                    late.fired(now_ns - due_ns, now_ns)
                due_ns = time.monotonic_ns() + LATENESS_EVERY_NS

    def turn(self, timeout_s: float) -> None:
        """Wait once, and have everything read that has come."""
        for descriptor, _ in self._poll.poll(timeout_s):
            handler = self._handlers.get(descriptor)
            if handler is not None:
                handler(time.monotonic_ns())


def read_some(descriptor: int) -> bytes | None:
    """What is there to read; None at the end, or when there is nothing after all."""
    try:
        return os.read(descriptor, 1 << 16) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None
