"""What goes to a fork server."""

from __future__ import annotations

import msgspec

from herzschlag.topo.processes.fork_server import PADDING, Order


def test_an_order_is_the_same_at_the_other_end() -> None:
    order = Order("some.module", ("a word", "ü"), {"NAME": "värde"}, "/a folder", (3, 9), True)
    assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order


def test_there_is_room_for_the_command_line_of_a_run() -> None:
    assert len(PADDING) >= 200
