"""The reader: what comes is handed over with the instant; what ended is watched no more; its own failure is told."""

import os
from pathlib import Path

from herzschlag.backends.mininet.stage.foreign.reader import Reader, read_some


def test_what_comes_is_handed_over_until_its_end(tmp_path: Path) -> None:
    with (tmp_path / "records").open("wb") as records:
        reader = Reader(records.fileno(), ["host-98"])
        out, into = os.pipe2(os.O_NONBLOCK)
        got: list[bytes | None] = []

        def said(now_ns: int) -> None:
            got.append(read_some(out))
            if got[-1] is None:
                reader.forget(out)

        reader.watch(out, said)
        os.write(into, b"one")
        reader.turn(1)
        reader.turn(0)
        assert got == [b"one"]
        os.close(into)
        reader.turn(1)
        os.close(out)
        reader.turn(0)
        assert got == [b"one", None]


def test_what_is_forgotten_is_not_taken_for_what_has_its_number_then(tmp_path: Path) -> None:
    """A child that is being forked has a copy of what was closed here, so epoll goes on to know it."""
    with (tmp_path / "records").open("wb") as records:
        reader = Reader(records.fileno(), ["host-98"])
        out, into = os.pipe2(os.O_NONBLOCK)
        reader.watch(out, lambda now_ns: None)
        copy = os.dup(out)
        reader.forget(out)
        other, into_other = os.pipe2(os.O_NONBLOCK)
        os.dup2(other, out)  # closes it, and another has its number
        called: list[int] = []
        reader.watch(out, called.append)
        os.write(into, b"for the one that is gone")
        reader.turn(0)
        assert called == []
        os.write(into_other, b"for the other")
        reader.turn(0)
        assert len(called) == 1
        for descriptor in (out, into, copy, other, into_other):
            os.close(descriptor)


def test_nothing_there_is_not_the_end() -> None:
    out, into = os.pipe2(os.O_NONBLOCK)
    assert read_some(out) == b""
    os.close(into)
    assert read_some(out) is None
    os.close(out)
    assert read_some(out) is None


def test_a_failure_of_its_own_is_told(tmp_path: Path) -> None:
    """Else a system that says nothing and a reader that is dead would look the same."""
    with (tmp_path / "records").open("wb") as records:
        reader = Reader(records.fileno(), ["host-98"])

        def broken(now_ns: int) -> None:
            raise ValueError("broken on purpose")

        out, into = os.pipe()
        reader.watch(out, broken)
        os.write(into, b"x")
        reader._run()
        assert os.read(reader.failed, 100) == b"ValueError: broken on purpose"
