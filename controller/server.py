"""Server end of the control channel: a Unix socket, a thread per client, a line per request.

It decides how long a line may be and that a client which sends nonsense is told so. What requests mean is the service's
matter. Sockets are the standard library's, and threads are handed in, so it runs on green threads and native ones
alike.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from herzschlag.controller.messages import (
    LINE_BYTES_MAX,
    ControlError,
    ErrorCode,
    Failed,
    Quit,
    Reply,
    Request,
    decode_request,
    encode,
)
from herzschlag.controller.threads import Threads

_log = logging.getLogger(__name__)


def listen(path: Path) -> socket.socket:
    """A listening socket at this path. A file left there by a controller that was killed is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.unlink(missing_ok=True)
    listener.bind(os.fspath(path))
    path.chmod(0o600)
    listener.listen(16)
    return listener


def serve(
    listener: socket.socket, answer: Callable[[Request], Reply], end: Callable[[], None], threads: Threads
) -> None:
    """Accept clients for ever. `end` is called after a Quit was answered."""
    while True:
        client, _ = listener.accept()
        threads.spawn(_serve_client, client, answer, end)


def _serve_client(client: socket.socket, answer: Callable[[Request], Reply], end: Callable[[], None]) -> None:
    try:
        with client, client.makefile("rb") as lines:
            while line := lines.readline(LINE_BYTES_MAX + 1):
                if len(line) > LINE_BYTES_MAX:
                    message = f"a line above {LINE_BYTES_MAX} bytes: no lab has that many links"
                    client.sendall(encode(Failed(code=ErrorCode.MALFORMED, message=message)))
                    return
                try:
                    request = decode_request(line)
                except ControlError as error:
                    client.sendall(encode(Failed(code=error.code, message=error.message)))
                    continue
                client.sendall(encode(answer(request)))
                if isinstance(request, Quit):
                    end()
    except OSError as error:
        _log.info("a client left: %s", error)
