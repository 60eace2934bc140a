"""A page's server as a command runs it: the socket, and its end with the command.

This module decides where a server listens and how it ends: with Ctrl-C, with its terminal, with any signal that ends
the command. It leaves what is served to the caller.
"""

from __future__ import annotations

import signal
import socket
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from herzschlag.wrong_input import InputError

GRACE_S = 1


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens already: a browser that opens the link waits for an answer and is not refused. Port 0 is
    any free one. Raises InputError."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise InputError("", f"--host {host} --port {port}: {error.strerror}; choose another address or port") from None
    return listening


def serve(app: Starlette, listening: socket.socket) -> None:
    """Until the command is ended."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        ws="websockets-sansio",
        ws_max_size=1 << 20,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="off",
        server_header=False,
    )
    server = uvicorn.Server(config)

    def end(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    if hasattr(signal, "SIGHUP"):  # not on Windows; the server handles the others itself
        signal.signal(signal.SIGHUP, end)
    server.run(sockets=[listening])
