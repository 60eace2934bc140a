"""RESP, as a server of ours in memory speaks it."""

from __future__ import annotations

import io

import pytest

from herzschlag.systems.writers.redis import command, reply_of
from herzschlag.systems.writers.writing import Refusal


def test_a_command_is_an_array_of_texts() -> None:
    assert command("SET", "k", "väl") == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nv\xc3\xa4l\r\n"


@pytest.mark.parametrize(
    ("sent", "means"),
    [
        (b"+OK\r\n", "OK"),
        (b":12\r\n", 12),
        (b"$-1\r\n", None),
        (b"$2\r\nhi\r\n", "hi"),
        (b"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n", ["0", ["k"]]),
    ],
)
def test_a_reply_is_understood(sent: bytes, means: object) -> None:
    assert reply_of(io.BytesIO(sent)) == means


def test_an_error_is_a_refusal_and_an_end_is_none() -> None:
    with pytest.raises(Refusal, match="NOREPLICAS"):
        reply_of(io.BytesIO(b"-NOREPLICAS Not enough good replicas to write.\r\n"))
    for cut_short in (b"", b"+O"):
        with pytest.raises(ConnectionError, match="ended"):
            reply_of(io.BytesIO(cut_short))
    with pytest.raises(ConnectionError, match="not a reply"):
        reply_of(io.BytesIO(b"HTTP/1.1 400\r\n"))
