"""The UDP end of a node, on loopback addresses of its own: what arrives, what is refused, what cannot be sent."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from herzschlag.agents.processes import udp
from herzschlag.agents.processes.record_file import Drops, RecordFile
from herzschlag.agents.protocol.actions import Send
from herzschlag.agents.protocol.codec import Codec
from herzschlag.agents.protocol.events import Received
from herzschlag.agents.protocol.format import DATAGRAM_MAX, KEY_BYTES_MIN
from herzschlag.agents.protocol.messages import Address, InventoryAck

CODEC = Codec("lab", bytes(KEY_BYTES_MIN))
MESSAGE = InventoryAck(sender="host-98", boot=1, sequence=1, sent_ns=0, answers=3, generation=2)


LIVES = {"host-99": 7}


class Readers:
    """The part of a loop that a network needs: it watches descriptors."""

    def __init__(self) -> None:
        self.readers: list[object] = []

    def watch(self, descriptor: int, readable: object) -> None:
        del descriptor
        self.readers.append(readable)

    def read(self) -> None:
        for reader in self.readers:
            reader()  # type: ignore[operator]


class Node:
    def __init__(self, name: str, book: dict[str, dict[str, str]], recorder: RecordFile) -> None:
        self.drops = Drops(recorder)
        self.network = udp.Network(name, book, CODEC, self.drops)
        self.readers = Readers()
        self.received: list[Received] = []
        self.network.join(self.readers, lambda received, _: self.received.append(received))  # type: ignore[arg-type]

    def send(self, *to: str, networks: tuple[str, ...] = ("A", "B")) -> None:
        self.network.send(Send(MESSAGE, to, networks, LIVES), 0)


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    """Two nodes on two networks, each address one of this machine's loopback, on a port that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.77.1.1", 0))
        monkeypatch.setattr(udp, "PORT", free.getsockname()[1])
    book = {f"host-{n}": {"A": f"127.77.1.{n}", "B": f"127.77.2.{n}"} for n in (98, 99)}
    book["host-100"] = {"A": "127.77.1.100"}
    descriptor = os.open(tmp_path / "records.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pair = tuple(Node(name, book, RecordFile(descriptor, name)) for name in ("host-98", "host-99"))
    yield pair  # type: ignore[misc]
    for node in pair:
        node.network.close()
    os.close(descriptor)


def test_a_message_comes_in_on_the_network_it_went_out_on(nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    one.send("host-99")
    one.send("host-99", networks=("B",))
    other.readers.read()
    assert [received.network for received in other.received] == ["A", "B", "B"]
    assert {received.message for received in other.received} == {MESSAGE}
    assert {received.to_boot for received in other.received} == {7}


def test_what_is_refused_is_counted_with_its_reason_and_the_next_is_read(nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    target = ("127.77.1.99", udp.PORT)
    one.network.sockets["A"].sendto(b"not one of ours", target)
    one.network.sockets["A"].sendto(bytes(DATAGRAM_MAX + 1), target)
    one.send("host-99", networks=("A",))
    other.readers.read()
    assert [received.message for received in other.received] == [MESSAGE]
    assert sum(other.drops.totals.values()) == 2
    assert {(direction, network) for direction, network, _ in other.drops.totals} == {("in", "A")}


def test_a_datagram_for_another_node_or_network_is_refused(nodes: tuple[Node, Node]) -> None:
    """A recorded datagram can be sent anywhere: its tag is right wherever it arrives."""
    one, other = nodes
    for to, network in (("host-98", "A"), ("host-99", "B"), ("host-99", "A")):
        data = CODEC.encode(MESSAGE, Address(to, network, 7))
        one.network.sockets["A"].sendto(data, ("127.77.1.99", udp.PORT))
    other.readers.read()
    assert len(other.received) == 1
    assert other.drops.totals == {("in", "A", "not-for-us"): 2}


def test_a_node_without_an_address_on_that_network_is_counted_and_the_others_are_reached(
    nodes: tuple[Node, Node],
) -> None:
    one, other = nodes
    one.send("host-100", "host-99", networks=("B", "C"))
    other.readers.read()
    assert [received.network for received in other.received] == ["B"]
    assert one.drops.totals == {("out", "B", "unknown-node"): 1}


def test_what_the_kernel_refuses_to_send_is_counted_and_is_not_an_error(nodes: tuple[Node, Node]) -> None:
    """A host without a route or an address is the very thing under test."""
    one, other = nodes
    one.network.sockets["A"].close()
    one.send("host-99")
    other.readers.read()
    assert [received.network for received in other.received] == ["B"]
    assert one.drops.totals == {("out", "A", "EBADF"): 1}
