"""A watch over the switches: each is asked again and again whether it is there, and how long it took to answer is told.

Without it a switch that stands still looks like a cluster that fails: packets stop, and the protocol is blamed. With
the datapath in user space, the thread of the switch process that forwards packets is the one that answers; with the
kernel's it is the one that decides about new flows. The question is an echo request of OpenFlow (OpenFlow Switch
Specification 1.4, section 7.5.2), on the management socket that Open vSwitch opens for every bridge: nothing of it is
seen on the networks, and no fault of a scenario touches it.
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

ASK_EVERY_S = 0.01
"""A pause between an answer and the next question: what stands still for longer is seen."""
TELL_GROWTH = 2
"""While an answer is overdue it is told each time that it is late by this factor more."""
NOTABLE_NS = 5_000_000

_HEADER = struct.Struct("!BBHI")
_VERSION = 0x05
_HELLO, _ECHO_REQUEST, _ECHO_REPLY = 0, 2, 3

Tell = Callable[[str, int, int], None]
"""Called with (network, how long the answer took, or has not come for, and when), nanoseconds of real time."""


class _Asked:
    """One switch."""

    def __init__(self, network: str, path: Path) -> None:
        self.network = network
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
        return now_ns - self._asked_ns if self.waiting else 0

    def hear(self, now_ns: int) -> int | None:
        """How long the answer took; None while it has not come. Raises OSError when the switch is gone."""
        data = self.line.recv(65_536)
        if not data:
            raise ConnectionError("the switch has closed the line")
        self._received += data
        took_ns = None
        while len(self._received) >= _HEADER.size:
            _, kind, length, number = _HEADER.unpack_from(self._received)
            message, self._received = self._received[:length], self._received[length:]
            if kind == _ECHO_REQUEST:
                self.line.send(_HEADER.pack(_VERSION, _ECHO_REPLY, length, number) + message[_HEADER.size :])
            elif kind == _ECHO_REPLY and number == self._number and self.waiting:
                took_ns, self.waiting = now_ns - self._asked_ns, False
                self.next_ns = now_ns + round(ASK_EVERY_S * 1e9)
        return took_ns


class SwitchWatch:
    """Asks all switches, in a thread of its own, until `stop`."""

    def __init__(self, sockets: dict[str, Path], tell: Tell) -> None:
        """`sockets`: network to its switch's management socket."""
        self._switches = [_Asked(network, path) for network, path in sockets.items()]
        self._tell = tell
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="switch-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        for switch in self._switches:
            switch.line.close()

    def tell_overdue(self, growth: float = 0) -> None:
        """Tell what has not been answered yet, where it is late by that factor more than when it was told last."""
        now_ns = time.monotonic_ns()
        for switch in list(self._switches):
            late_ns = switch.late_ns(now_ns)
            if late_ns > max(NOTABLE_NS, switch.told_ns * growth):
                switch.told_ns = late_ns
                self._tell(switch.network, late_ns, now_ns)

    def _run(self) -> None:
        while not self._stopped.is_set() and self._switches:
            now_ns = time.monotonic_ns()
            for switch in self._switches:
                if not switch.waiting and now_ns >= switch.next_ns:
                    with suppress(OSError):  # its end is for those who watch its process
                        switch.ask(now_ns)
            self._hear()
            self.tell_overdue(TELL_GROWTH)

    def _hear(self) -> None:
        lines = {switch.line.fileno(): switch for switch in self._switches}
        for number in select.select(list(lines), [], [], ASK_EVERY_S)[0]:
            switch = lines[number]
            now_ns = time.monotonic_ns()
            try:
                took_ns = switch.hear(now_ns)
            except BlockingIOError:
                continue
            except OSError:
                self._switches.remove(switch)
                continue
            if took_ns is not None:
                self._tell(switch.network, took_ns, now_ns)
