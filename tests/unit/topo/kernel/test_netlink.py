"""Messages to the kernel as bytes: what a link, an address, a neighbour say."""

from __future__ import annotations

import socket
import struct

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.kernel.netlink import (
    address_message,
    interface_index,
    link_message,
    neighbour_messages,
    up_message,
)

SPEC = two_networks(3)


def _header(message: bytes) -> tuple[int, int, int]:
    return struct.unpack_from("=IHH", message, 0)


def test_every_message_states_its_own_length() -> None:
    """A batch is messages one after the other: a wrong length would spoil all that follow."""
    for message in (
        link_message(SPEC, "host-98", "A", 5),
        address_message(SPEC, "host-98", "B", present=True),
        up_message("A", True),
        *neighbour_messages(SPEC, "B"),
    ):
        assert _header(message)[0] == len(message)
        assert len(message) % 4 == 0


def test_a_link_names_both_ends() -> None:
    message = link_message(SPEC, "host-98", "A", 5)
    assert b"sA-host-98\0" in message
    assert b"mgmtA\0" in message
    assert bytes.fromhex(SPEC.mac("host-98", "A").replace(":", "")) in message


def test_everybody_is_a_neighbour_on_a_network_with_the_address_of_that_network() -> None:
    messages = neighbour_messages(SPEC, "B")
    assert len(messages) == len(SPEC.nodes)
    for node, message in zip(SPEC.nodes, messages, strict=True):
        assert socket.inet_aton(SPEC.address(node, "B")) in message
        assert struct.unpack_from("=i", message, 20)[0] == interface_index("B")


def test_giving_an_address_twice_is_allowed_and_taking_it_names_the_same_one() -> None:
    put, take = (address_message(SPEC, "host-99", "A", present=present) for present in (True, False))
    replace = 0x100
    assert _header(put)[2] & replace
    assert _header(put)[1] != _header(take)[1]
    assert socket.inet_aton("198.18.1.2") in put and socket.inet_aton("198.18.1.2") in take
