"""A TCP connection that fails when the other side accepts no data for a given time, on any system.

When a connection breaks in the middle of sending, the system keeps the unsent bytes and retries for 15 minutes (tcp(7),
tcp_retries2), and an SSH transport that waits to send blocks every other channel. Options against it differ from system
to system; this module does not.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any, Self


class PatientSocket(socket.socket):
    """Give it a timeout: each `send` that ends in it is counted, and after `patience_s` without an accepted byte the
    connection is dead: OSError (ETIMEDOUT) for that `send` and for all after it."""

    patience_s: float
    _refused_since: float | None = None

    @classmethod
    def connect_to(cls, address: str, port: int, *, connect_s_max: float, patience_s: float) -> Self:
        """Raises socket.gaierror, TimeoutError, OSError, as `socket.create_connection`."""
        made = cls(fileno=socket.create_connection((address, port), connect_s_max).detach())
        made.patience_s = patience_s
        return made

    def send(self, data: Any, flags: int = 0) -> int:
        now = time.monotonic()
        if self._refused_since is not None and now - self._refused_since > self.patience_s:
            raise ConnectionAbortedError(errno.ECONNABORTED, f"nothing could be sent for {self.patience_s:g} s")
        try:
            sent = super().send(data, flags)
        except TimeoutError:
            self._refused_since = self._refused_since or now
            raise
        self._refused_since = None
        return sent
