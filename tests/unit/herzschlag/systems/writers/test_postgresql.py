"""PostgreSQL's protocol, as a server of ours in memory speaks it."""

from __future__ import annotations

import io

import pytest

from herzschlag.systems.writers.postgresql import answer_of, message, messages
from herzschlag.systems.writers.writing import Refusal

WAITS = message(b"Z", b"I")
DONE = message(b"C", b"INSERT 0 1\0")


def said(kind: bytes, severity: str, code: str, text: str) -> bytes:
    return message(kind, f"S{severity}\0V{severity}\0C{code}\0M{text}\0\0".encode())


def row(text: bytes) -> bytes:
    return message(b"D", b"\0\1" + len(text).to_bytes(4, "big") + text)


def answered(*sent: bytes) -> list[str]:
    return answer_of(messages(io.BytesIO(b"".join(sent))))


def test_a_message_has_its_length_in_it() -> None:
    assert message(b"Q", b"SELECT 1\0") == b"Q\0\0\0\x0dSELECT 1\0"
    assert message(b"", b"\0\3\0\0") == b"\0\0\0\x08\0\3\0\0"


def test_rows_and_a_success_are_understood() -> None:
    assert answered(message(b"T", b"\0\1"), row(b"a"), row(b"b"), DONE, WAITS) == ["a", "b"]
    assert answered(message(b"R", b"\0\0\0\0"), message(b"S", b"TimeZone\0UTC\0"), WAITS) == []
    assert answered(said(b"N", "NOTICE", "00000", "by the way"), DONE, WAITS) == []


def test_an_error_is_a_refusal() -> None:
    with pytest.raises(Refusal, match="25006 cannot execute INSERT"):
        answered(said(b"E", "ERROR", "25006", "cannot execute INSERT in a read-only transaction"), WAITS)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ((said(b"E", "FATAL", "57P01", "terminating connection due to administrator command"),), "57P01"),
        ((DONE,), "ended"),
        ((DONE, b"Z\0\0"), "ended"),
        ((DONE, b"Z\0\0\0\5"), "ended"),
        ((said(b"N", "WARNING", "01000", "canceling wait for synchronous replication"), DONE, WAITS), "canceling"),
    ],
)
def test_an_end_or_a_warning_is_no_answer_to_rely_on(sent: tuple[bytes, ...], says: str) -> None:
    with pytest.raises(ConnectionError, match=says):
        answered(*sent)
