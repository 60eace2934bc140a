"""A client of one PostgreSQL server that trusts it. Source: PostgreSQL, documentation: frontend/backend protocol 3.0.

This module decides what an answer means to a client. An error of a statement is a refusal. The end of the connection is
none, whatever the server says last: the statement may have been written. Nor is a success with a warning, by which a
server says that it did not wait for the replicas it should have waited for.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from herzschlag.systems.writers.writing import ANSWER_S, Refusal

PORT = 5432
PROTOCOL = 3 << 16
USER = "postgres"
ENDED = "the connection ended"
_FATAL = ("FATAL", "PANIC")


class Message(NamedTuple):
    kind: bytes
    body: bytes


class Client:
    """One connection, made anew after each failure."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._messages: IO[bytes]

    def put(self, key: str, value: str) -> None:
        del value
        self._ask(f"INSERT INTO written VALUES ('{key}')")

    def keys(self, prefix: str) -> list[str]:
        try:
            return self._ask(f"SELECT key FROM written WHERE starts_with(key, '{prefix}')")
        except Refusal as error:
            raise ConnectionError(str(error)) from None

    def _ask(self, statement: str) -> list[str]:
        try:
            if self._socket is None:
                self._connect()
            assert self._socket is not None
            self._socket.sendall(message(b"Q", statement.encode() + b"\0"))
            return answer_of(messages(self._messages))
        except OSError:
            self._close()
            raise

    def _connect(self) -> None:
        """Raises Refusal when the server does not let it in: nothing was asked yet."""
        self._socket = socket.create_connection((self._address, PORT), timeout=ANSWER_S)
        self._messages = self._socket.makefile("rb")
        words = f"user\0{USER}\0database\0{USER}\0\0".encode()
        self._socket.sendall(message(b"", struct.pack("!i", PROTOCOL) + words))
        try:
            answer_of(messages(self._messages))
        except ConnectionError as error:
            self._close()
            raise Refusal(str(error)) from None

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def messages(stream: IO[bytes]) -> Iterator[Message]:
    """Up to the one that says that the server waits. Raises ConnectionError at the end."""
    while True:
        head = stream.read(5)
        if len(head) < 5:
            raise ConnectionError(ENDED)
        size = struct.unpack("!i", head[1:])[0] - 4
        body = stream.read(size)
        if len(body) < size:
            raise ConnectionError(ENDED)
        yield Message(head[:1], body)
        if head[:1] == b"Z":
            return


def answer_of(told: Iterator[Message]) -> list[str]:
    """The first column of the rows. Raises Refusal for an error, ConnectionError when there is no answer, or one with a
    warning."""
    rows: list[str] = []
    error: Exception | None = None
    for one in told:
        match one.kind:
            case b"D":
                size = struct.unpack("!i", one.body[2:6])[0]
                rows.append(one.body[6 : 6 + size].decode())
            case b"E" | b"N":
                fields = fields_of(one.body)
                text = f"{fields.get('C', '')} {fields.get('M', '')}"
                severity = fields.get("V", "")
                if severity in _FATAL:
                    raise ConnectionError(text)
                if severity == "ERROR":
                    error = Refusal(text)
                elif severity == "WARNING":
                    error = ConnectionError(text)
    if error is not None:
        raise error
    return rows


def fields_of(body: bytes) -> dict[str, str]:
    """Of an error or a notice: `V` its severity, `C` its SQLSTATE, `M` what it says."""
    return {field[:1].decode(): field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
