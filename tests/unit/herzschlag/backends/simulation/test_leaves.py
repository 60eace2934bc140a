"""The flat state of a core: what is read, in which order, and that it can be written back."""

from __future__ import annotations

from typing import Any

from herzschlag.agents.ha.orders import SentLately
from herzschlag.agents.ha.peers import Peer, Window
from herzschlag.backends.simulation.leaves import SENT, WINDOW, Leaf, Leaves, Writing


def peer() -> Peer:
    made = Peer("host-99", 1, ("A", "B"))
    made.accept("A", 1, 7, 100)
    return made


def test_numbers_have_the_name_of_their_attribute_and_a_window_is_one_leaf() -> None:
    leaves = Leaves({"host-98": peer()})
    named = dict(zip(leaves.names, leaves.values, strict=True))
    assert named["last_heard_ns"] == 100
    assert leaves.names.count(WINDOW) == 3  # of two networks, and of what was handled
    assert set(leaves.nodes) == {"host-98"}
    assert Leaves({"host-98": peer()}, named=False).values == leaves.values


def test_only_what_changed_is_written_back() -> None:
    one = peer()
    leaves = Leaves({"host-98": one})
    news: list[Leaf | None] = [
        Leaf(value + 5) if name == "last_heard_ns" and value == 100 else Leaf(2) if name == WINDOW else None
        for name, value in zip(leaves.names, leaves.values, strict=True)
    ]
    went_on: list[tuple[Any, Any]] = []
    Writing(news, (one,), lambda value, number: went_on.append((type(value), number)))
    assert (one.last_heard_ns, one.paths["A"].last_heard_ns, one.paths["B"].last_heard_ns) == (105, 105, None)
    assert went_on == [(Window, 2)] * 3
    assert one.moid == "host-99"


def test_marks_are_one_leaf() -> None:
    sent = SentLately(10)
    sent.note(4, 1)
    leaves = Leaves({"host-98": sent})
    assert (leaves.names, leaves.values) == ([SENT], [((1, 4),)])
