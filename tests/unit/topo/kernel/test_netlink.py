"""Messages to the kernel as bytes: those about links, addresses and neighbours."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Interface

from herzschlag.topo.kernel.netlink import (
    End,
    address_message,
    default_route_message,
    interface_index,
    link_message,
    move_message,
    neighbour_message,
    network_route_message,
    remove_message,
    remove_route_message,
    up_message,
)

NODE, SWITCH = End("mgmtA", "02:00:c6:12:01:01"), End("sA-host-98", "02:11:22:33:44:55")
LINK = link_message(NODE, SWITCH, index=2, netns=5, mtu=1500)


def _header(message: bytes) -> tuple[int, int, int]:
    return struct.unpack_from("=IHH", message, 0)


def test_every_message_states_its_own_length() -> None:
    """A batch is messages one after the other: a wrong length would spoil all that follow."""
    for message in (
        LINK,
        address_message(3, "198.19.1.1", 16, present=True),
        up_message(2, True),
        neighbour_message(3, "198.19.1.2", "02:00:c6:13:01:02"),
        default_route_message(2, "198.18.0.1"),
        remove_message("sA-host-98"),
        move_message(NODE, index=2, netns=5, mtu=1500),
    ):
        assert _header(message)[0] == len(message)
        assert len(message) % 4 == 0


def test_a_link_names_both_ends_with_their_addresses() -> None:
    for end in (NODE, SWITCH):
        assert end.name.encode() + b"\0" in LINK
        assert bytes.fromhex(end.mac.replace(":", "")) in LINK


def test_a_neighbour_is_one_of_the_interface_that_leads_there() -> None:
    message = neighbour_message(interface_index("B"), "198.19.1.2", "02:00:c6:13:01:02")
    assert socket.inet_aton("198.19.1.2") in message
    assert bytes.fromhex("0200c6130102") in message
    assert struct.unpack_from("=i", message, 20)[0] == interface_index("B") == 3


def test_giving_an_address_twice_is_allowed_and_taking_it_names_the_same_one() -> None:
    put, take = (address_message(2, "198.18.1.2", 16, present=present) for present in (True, False))
    replace = 0x100
    assert _header(put)[2] & replace
    assert _header(put)[1] != _header(take)[1]
    assert socket.inet_aton("198.18.1.2") in put and socket.inet_aton("198.18.1.2") in take


def test_a_link_is_moved_by_number_and_gets_its_name_back() -> None:
    """A program may have given the interface another name and address, and the kernel keeps both on the way."""
    message = move_message(NODE, index=2, netns=5, mtu=1500)
    _, index, flags, change = struct.unpack_from("=HiII", message, 18)
    assert (index, flags, change) == (2, 0, 1), "by its number, and down"
    for attribute in (b"mgmtA\0", bytes.fromhex("0200c6120101"), struct.pack("=HHI", 8, 28, 5)):
        assert attribute in message


def test_routes_over_an_interface_are_found_and_removed() -> None:
    """The kernel's answer to the question about routes has the form of a message that makes one."""
    own = IPv4Interface("198.18.1.1/16")
    answers = [network_route_message(own, 2), default_route_message(3, "198.18.0.1"), network_route_message(own, 3)]
    removing = [remove_route_message(answer, 2) for answer in answers]
    assert removing[1:] == [None, None]
    assert removing[0] is not None
    assert _header(removing[0])[1] == 25, "RTM_DELROUTE, rtnetlink(7)"
    assert removing[0][16:] == answers[0][16:], "of exactly that route"


def test_a_route_of_another_table_stays() -> None:
    local = bytearray(network_route_message(IPv4Interface("198.18.1.1/16"), 2))
    local[16 + 4] = 255  # rtm_table: the kernel's own, of local addresses
    assert remove_route_message(bytes(local), 2) is None
