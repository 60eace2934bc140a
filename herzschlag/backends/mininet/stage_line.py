"""The outer end of the conversation with the stage: it sends orders, and receives answers and news.

This module decides how long an answer is waited for, and that lost machinery ends every wait: it becomes a record, and
from then on every call raises MachineryDied. It leaves what is said to `stage/api.py`.
"""

from __future__ import annotations

import select
import socket
import time
from typing import TypeVar

import msgspec

from herzschlag.backends.base import BackendUnavailable, MachineryDied, Missing
from herzschlag.backends.mininet.record_tail import RecordTail
from herzschlag.backends.mininet.stage.api import (
    Collected,
    Done,
    Holders,
    Looked,
    MachineryGone,
    Ready,
    Refused,
    StageNews,
    StageOrder,
    StageSettings,
)
from herzschlag.history.kinds import Machinery

READ_BYTES = 1 << 20

N = TypeVar("N", Done, Collected, Looked, Holders, Ready)


class StageLine:
    def __init__(self, tail: RecordTail) -> None:
        self._tail = tail
        self._socket: socket.socket | None = None
        self._received = b""
        self._gone: MachineryGone | None = None

    def open(self) -> socket.socket:
        """Make the line. Returns the stage's end, which the caller has to close once the stage has it."""
        self._socket, inner = socket.socketpair()
        return inner

    def send_settings(self, settings: StageSettings) -> None:
        """Send the first line, before any order."""
        assert self._socket is not None, "open the line first"
        self._socket.sendall(msgspec.json.encode(settings) + b"\n")

    def tell(self, order: StageOrder) -> None:
        self.check()
        assert self._socket is not None, "start the session first"
        try:
            self._socket.sendall(msgspec.json.encode(order) + b"\n")
        except OSError:
            self._lose("it does not listen any more")

    def answer(self, kind: type[N], timeout_s: float) -> N:
        """The stage's answer to the last order. Raises BackendUnavailable when this machine lacks something for it."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            for news in self.listen(left_s):
                if isinstance(news, kind):
                    self.check()  # a death that was told in the same breath
                    return news
                if isinstance(news, Refused) and news.fix:
                    raise BackendUnavailable(Missing(news.because, news.fix))
                if isinstance(news, Refused):
                    self._lose(news.because)
            self.check()
        self._lose(f"no answer within {timeout_s:.0f} s")
        raise AssertionError("_lose raises")

    def listen(self, timeout_s: float) -> list[StageNews]:
        """The news that the stage sends within this time; a death is noted."""
        if self._socket is None or not select.select([self._socket], [], [], timeout_s)[0]:
            return []
        try:
            chunk = self._socket.recv(READ_BYTES)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            self._note(MachineryGone("the stage", "the sandbox's first process ended"))
            return []
        *lines, self._received = (self._received + chunk).split(b"\n")
        found: list[StageNews] = [msgspec.json.decode(line, type=StageNews) for line in lines]
        for news in found:
            if isinstance(news, MachineryGone):
                self._note(news)
        return found

    def check(self) -> None:
        """Raise MachineryDied once a part of the harness has died; all records until then are read."""
        if self._gone is not None:
            self._tail.read()
            raise MachineryDied(f"{self._gone.what}: {self._gone.because}")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _note(self, gone: MachineryGone) -> None:
        if self._gone is None:
            self._gone = gone
        self._tail.write(time.monotonic_ns(), Machinery(what=gone.what, because=gone.because))

    def _lose(self, because: str) -> None:
        self._note(MachineryGone("the stage", because))
        self.check()
