"""A watch over the switches: their process is asked again and again whether it is there, and how late it was is told.

Without it a switch that stands still looks like a cluster that fails: packets stop, and the protocol is blamed. With
the datapath in user space, the thread of the switch process that forwards packets is the one that answers; with the
kernel's it is the one that decides about new flows. It serves the bridges of all networks, so one bridge is asked. The
question is an echo request of OpenFlow (OpenFlow Switch Specification 1.4, section 7.5.2), on the management socket
that Open vSwitch opens for every bridge: nothing of it is seen on the networks, and no fault of a scenario touches it.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ASK_EVERY_NS = 20_000_000
"""A pause between an answer and the next question. Each question costs the switch a round over all its ports, as a
packet does: asked for each network every 10 ms, a lab at rest took a sixth more of a processor."""
TELL_GROWTH = 2
"""While an answer is overdue it is told each time that it is late by this factor more."""
NOTABLE_NS = 5_000_000

_HEADER = struct.Struct("!BBHI")
_VERSION = 0x05
_HELLO, _ECHO_REQUEST, _ECHO_REPLY = 0, 2, 3

Tell = Callable[[int, int], None]
"""Called with (how late the switches were, or are, and when), nanoseconds of real time."""


def _late_ns(took_ns: int) -> int:
    """How long the process stood still, by how long an answer took: it began half a pause before the question, on the
    average."""
    return took_ns if took_ns < NOTABLE_NS else took_ns + ASK_EVERY_NS // 2


class _Asked:
    """The line to the process of the switches."""

    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(str(path))
        self.line.sendall(_HEADER.pack(_VERSION, _HELLO, _HEADER.size, 0))
        self.line.setblocking(False)
        self._received = b""
        self._number = 0
        self._asked_ns = 0
        self.told_ns = NOTABLE_NS
        self.next_ns = time.monotonic_ns()
        self.waiting = False

    def ask(self, now_ns: int) -> None:
        self._number += 1
        self._asked_ns, self.waiting, self.told_ns = now_ns, True, NOTABLE_NS
        self.line.send(_HEADER.pack(_VERSION, _ECHO_REQUEST, _HEADER.size, self._number))

    def late_ns(self, now_ns: int) -> int:
        return _late_ns(now_ns - self._asked_ns) if self.waiting else 0

    def hear(self, now_ns: int) -> int | None:
        """How late the answer is; None while it has not come. Raises OSError when the switch is gone."""
        data = self.line.recv(65_536)
        if not data:
            raise ConnectionError("the switch has closed the line")
        self._received += data
        late_ns = None
        while len(self._received) >= _HEADER.size:
            _, kind, length, number = _HEADER.unpack_from(self._received)
            message, self._received = self._received[:length], self._received[length:]
            if kind == _ECHO_REQUEST:
                self.line.send(_HEADER.pack(_VERSION, _ECHO_REPLY, length, number) + message[_HEADER.size :])
            elif kind == _ECHO_REPLY and number == self._number and self.waiting:
                late_ns, self.waiting = self.late_ns(now_ns), False
                self.next_ns = now_ns + ASK_EVERY_NS
        return late_ns


class SwitchWatch:
    """Asks the switches, in a thread of its own, until `stop` or until they are gone."""

    def __init__(self, management_socket: Path, tell: Tell) -> None:
        """The socket of any bridge of theirs."""
        self._asked = _Asked(management_socket)
        self._tell = tell
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="switch-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._asked.line.close()

    def tell_overdue(self, growth: float = 0) -> None:
        """Tell that an answer has not come yet, if it is late by that factor more than when it was told last."""
        now_ns = time.monotonic_ns()
        late_ns = self._asked.late_ns(now_ns)
        if late_ns > max(NOTABLE_NS, self._asked.told_ns * growth):
            self._asked.told_ns = late_ns
            self._tell(late_ns, now_ns)

    def _run(self) -> None:
        asked = self._asked
        while not self._stopped.is_set():
            now_ns = time.monotonic_ns()
            wait_ns = ASK_EVERY_NS
            if not asked.waiting:
                if now_ns >= asked.next_ns:
                    with suppress(OSError):  # its end is for those who watch its process
                        asked.ask(now_ns)
                else:
                    wait_ns = asked.next_ns - now_ns
            try:
                self._hear(wait_ns / 1e9)
            except OSError:  # it is gone, and late no more
                asked.waiting = False
                return
            self.tell_overdue(TELL_GROWTH)

    def _hear(self, wait_s: float) -> None:
        if not select.select([self._asked.line], [], [], wait_s)[0]:
            return
        now_ns = time.monotonic_ns()
        with suppress(BlockingIOError):
            late_ns = self._asked.hear(now_ns)
            if late_ns is not None:
                self._tell(late_ns, now_ns)
