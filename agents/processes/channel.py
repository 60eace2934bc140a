"""A stream of values between two of our own processes: msgpack documents, each behind its length.

This module decides framing and that neither end ever blocks on the other: two processes that each wait for the other to
read would stand still for ever. What the values are is left to the two ends. Trusted: it never crosses a host's border.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import msgspec

VALUE_MAX = 8_000_000
"""Bytes of one value: a configuration of 1,000 hosts with 2,000 VMs has 1 MB."""
UNSENT_MAX = 64_000_000
"""Bytes that may wait for a peer that does not read; then something is broken beyond waiting."""
_CHUNK = 65_536
_encode = msgspec.msgpack.Encoder().encode


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that decoding any bytes can raise: text that is not UTF-8, deep nesting."""


class ChannelBroken(RuntimeError):
    """The peer sends nonsense, or has not read for far too long: a fault of ours."""


class Channel:
    """One end. `incoming` decodes what the other end sends; it is made at import, because to make one costs a
    megabyte, which every process would have for itself."""

    def __init__(self, end: socket.socket, incoming: msgspec.msgpack.Decoder[Any]) -> None:
        end.setblocking(False)
        self._socket = end
        self._decode = incoming.decode
        self._unsent = bytearray()
        self._received = bytearray()

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    @property
    def waiting(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._unsent)

    def send(self, value: Any) -> None:
        data = _encode(value)
        self._unsent += len(data).to_bytes(4, "big") + data
        if len(self._unsent) > UNSENT_MAX:
            raise ChannelBroken(f"{len(self._unsent)} bytes wait for a peer that does not read (limit {UNSENT_MAX})")
        self.flush()

    def flush(self) -> None:
        """Send what can be sent now. A peer that is gone shows at the reading side."""
        try:
            while self._unsent:
                sent = self._socket.send(self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()

    def receive(self) -> tuple[list[Any], bool]:
        """What has come, and whether the other end is still there."""
        if self._socket.fileno() < 0:
            return [], False
        is_open = True
        with contextlib.suppress(BlockingIOError):
            try:
                while chunk := self._socket.recv(_CHUNK):
                    self._received += chunk
                    if len(chunk) < _CHUNK:
                        break
                else:
                    is_open = False
            except ConnectionResetError:
                is_open = False
        values = []
        data = self._received
        while len(data) >= 4:
            size = int.from_bytes(data[:4], "big")
            if size > VALUE_MAX:
                raise ChannelBroken(f"a value of {size} bytes was announced (limit {VALUE_MAX})")
            if len(data) < 4 + size:
                break
            try:
                values.append(self._decode(bytes(data[4 : 4 + size])))
            except UNREADABLE as error:
                raise ChannelBroken(f"a value of {size} bytes cannot be read: {error}") from None
            del data[: 4 + size]
        return values, is_open
