"""The channel between two of our processes: whole values, whatever pieces the socket makes of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from herzschlag.agents.processes import channel
from herzschlag.agents.processes.channel import Channel, ChannelBroken

DECODER = msgspec.msgpack.Decoder(list[int])


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """One end as a channel, the other one raw."""
    one, other = socket.socketpair()
    with one, other:
        yield Channel(one, DECODER), other


def framed(value: list[int]) -> bytes:
    data = msgspec.msgpack.encode(value)
    return len(data).to_bytes(4, "big") + data


def test_values_come_out_as_they_went_in() -> None:
    one, other = socket.socketpair()
    with one, other:
        sender, receiver = Channel(one, DECODER), Channel(other, DECODER)
        for value in ([1], [], [2, 3]):
            sender.send(value)
        assert receiver.receive() == ([[1], [], [2, 3]], True)


def test_a_value_in_pieces_is_one_value(ends: tuple[Channel, socket.socket]) -> None:
    end, raw = ends
    data = framed([1, 2, 3])
    for byte in data[:-1]:
        raw.send(bytes([byte]))
        assert end.receive() == ([], True)
    raw.send(data[-1:] + framed([4])[:2])
    assert end.receive() == ([[1, 2, 3]], True)
    raw.send(framed([4])[2:])
    assert end.receive() == ([[4]], True)


def test_last_words_are_heard_and_then_the_end(ends: tuple[Channel, socket.socket]) -> None:
    end, raw = ends
    raw.send(framed([7]))
    raw.close()
    values, is_open = end.receive()
    while is_open:
        more, is_open = end.receive()
        values += more
    assert values == [[7]]


def test_a_peer_that_does_not_read_keeps_no_process_waiting(ends: tuple[Channel, socket.socket]) -> None:
    """Two processes that each wait for the other to read would wait for ever."""
    end, raw = ends
    many = list(range(100_000))
    for _ in range(3):
        end.send(many)
    assert end.waiting
    expected, got = framed(many) * 3, bytearray()
    while len(got) < len(expected):
        got += raw.recv(1_000_000)
        end.flush()
    assert bytes(got) == expected
    assert not end.waiting


def test_a_peer_that_never_reads_is_a_fault_of_ours(
    ends: tuple[Channel, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "UNSENT_MAX", 10_000)
    with pytest.raises(ChannelBroken, match=r"bytes wait for a peer that does not read \(limit 10000\)"):
        ends[0].send(list(range(100_000)))


def test_a_peer_that_is_gone_is_not_waited_for(ends: tuple[Channel, socket.socket]) -> None:
    end, raw = ends
    raw.close()
    end.send([1])
    assert not end.waiting
    assert end.receive() == ([], False)


def test_an_absurd_length_is_refused_before_it_is_waited_for(ends: tuple[Channel, socket.socket]) -> None:
    end, raw = ends
    raw.send((channel.VALUE_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(ChannelBroken, match=f"a value of {channel.VALUE_MAX + 1} bytes was announced"):
        end.receive()


def test_a_closed_channel_says_that_it_is(ends: tuple[Channel, socket.socket]) -> None:
    ends[0].close()
    assert ends[0].receive() == ([], False)


@pytest.mark.parametrize(
    "nonsense", [b"\xc1", b"\xa2ab", b"\xa2\xff\xff", b"\x91" * 100_000], ids=["code", "type", "text", "deep"]
)
def test_nonsense_of_the_peer_is_told_as_such(ends: tuple[Channel, socket.socket], nonsense: bytes) -> None:
    end, raw = ends
    raw.sendall(len(nonsense).to_bytes(4, "big") + nonsense)
    with pytest.raises(ChannelBroken, match="cannot be read"):
        while True:
            end.receive()
