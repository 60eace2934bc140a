"""A client of one Redis server. Source: redis.io, Redis serialization protocol (RESP 2)."""

from __future__ import annotations

import socket
from typing import IO

from herzschlag.systems.writers.writing import ANSWER_S, Refusal

PORT = 6379
Reply = str | int | None | list["Reply"]


class Client:
    """One connection, made anew after each failure."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._replies: IO[bytes]

    def put(self, key: str, value: str) -> None:
        self._ask("SET", key, value)

    def keys(self, prefix: str) -> list[str]:
        found: list[str] = []
        cursor = "0"
        while True:
            reply = self._ask("SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", "1000")
            assert isinstance(reply, list) and isinstance(reply[1], list), "RESP: a cursor and the keys"
            cursor = str(reply[0])
            found += [str(key) for key in reply[1]]
            if cursor == "0":
                return sorted(set(found))

    def _ask(self, *words: str) -> Reply:
        try:
            if self._socket is None:
                self._socket = socket.create_connection((self._address, PORT), timeout=ANSWER_S)
                self._replies = self._socket.makefile("rb")
            self._socket.sendall(command(*words))
            return reply_of(self._replies)
        except OSError:
            if self._socket is not None:
                self._socket.close()
                self._socket = None
            raise


def command(*words: str) -> bytes:
    coded = [word.encode() for word in words]
    return b"*%d\r\n" % len(coded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in coded)


def reply_of(replies: IO[bytes]) -> Reply:
    """Raises Refusal for an error, ConnectionError at the end."""
    line = replies.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the connection ended")
    kind, text = line[:1], line[1:-2].decode()
    match kind:
        case b"+":
            return text
        case b"-":
            raise Refusal(text)
        case b":":
            return int(text)
        case b"$":
            return None if int(text) < 0 else replies.read(int(text) + 2)[:-2].decode()
        case b"*":
            return [reply_of(replies) for _ in range(int(text))]
    raise ConnectionError(f"not a reply: {line[:40]!r}")
