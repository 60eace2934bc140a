"""Client end of the control channel: typed and synchronous.

It decides how long a caller waits, and turns refusals into exceptions. One client serves one caller at a time; several
clients may talk to one controller.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from herzschlag.controller.messages import (
    Configure,
    ControlError,
    DirectedLink,
    Done,
    ErrorCode,
    Failed,
    Network,
    NodePort,
    Quit,
    Reply,
    Request,
    SetCuts,
    Status,
    StatusReply,
    decode_reply,
    encode,
)

# More than the controller itself waits for its switches, so that its own, better explained answer arrives first.
TIMEOUT_S = 8.0

Expected = TypeVar("Expected", Done, StatusReply)


class ControllerError(Exception):
    """The controller refused a request, or could not be asked (code None: it is gone, or silent)."""

    def __init__(self, code: ErrorCode | None, message: str) -> None:
        super().__init__(f"{code.value}: {message}" if code is not None else message)
        self.code = code


class ControllerClient:
    """A connection to a controller that is ready. After a ControllerError without code it is of no further use."""

    def __init__(self, path: Path | str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._path = os.fspath(path)
        self._last_id = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(self._path)
        except OSError as error:
            self._socket.close()
            raise ControllerError(None, f"no controller at {self._path}: {error}") from error
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> ControllerClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the controller goes on."""
        self._lines.close()
        self._socket.close()

    def configure(self, networks: Mapping[str, Network]) -> Done:
        """Forward between these nodes; waits for their switches to connect. Cuts stay as they are."""
        return self._ask(Configure(networks=dict(networks), request_id=self._next_id()), Done)

    def set_cuts(self, silent: Iterable[DirectedLink] = (), ports_down: Iterable[NodePort] = ()) -> Done:
        """Exactly these are cut from now on; returns when no packet sent later gets through."""
        request = SetCuts(silent=tuple(silent), ports_down=tuple(ports_down), request_id=self._next_id())
        return self._ask(request, Done)

    def status(self) -> StatusReply:
        """What is connected, what is cut, and what the counters say."""
        return self._ask(Status(request_id=self._next_id()), StatusReply)

    def quit(self) -> None:
        """End the controller; switches keep forwarding and cutting."""
        self._ask(Quit(request_id=self._next_id()), Done)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _ask(self, request: Request, expected: type[Expected]) -> Expected:
        reply = self._exchange(request)
        if isinstance(reply, Failed):
            raise ControllerError(reply.code, reply.message)
        if not isinstance(reply, expected) or reply.request_id != request.request_id:
            raise ControllerError(None, f"the controller at {self._path} answered out of turn: {reply!r}")
        return reply

    def _exchange(self, request: Request) -> Reply:
        try:
            self._socket.sendall(encode(request))
            line = self._lines.readline()
        except OSError as error:
            raise ControllerError(None, f"the controller at {self._path} does not answer: {error}") from error
        if not line.endswith(b"\n"):
            raise ControllerError(None, f"the controller at {self._path} has ended")
        try:
            return decode_reply(line)
        except ControlError as error:
            raise ControllerError(None, f"the controller at {self._path}: {error}") from error
