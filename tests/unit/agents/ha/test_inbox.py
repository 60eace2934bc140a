"""The inbox: datagrams that arrive twice, late, or from an earlier boot, and networks that fall silent."""

from __future__ import annotations

from herzschlag.agents.ha.inbox import Inbox
from herzschlag.agents.protocol.messages import Election, Join, Message
from tests.unit.agents.ha.scripted import ALL, Machine, records


def election(sequence: int, *, boot: int = 1) -> Election:
    return Election(sender="host-99", boot=boot, sequence=sequence, sent_ns=0, goodness=2, heard=ALL, config=1)


def join(sequence: int) -> Join:
    return Join(sender="host-99", boot=1, sequence=sequence, sent_ns=0, inventory=0, padding=0)


class Incoming:
    def __init__(self) -> None:
        self.machine = Machine()
        self.inbox = Inbox(self.machine.context)
        self.peer = self.machine.context.peers["host-99"]

    def takes(self, message: Message, network: str = "A", to_boot: int = 0) -> tuple[bool, bool]:
        """Whether it counts as a sign of life, and whether it is acted on."""
        accepted = self.inbox.accept(self.peer, network, message, to_boot)  # type: ignore[arg-type]  # one of AnyMessage
        return accepted, accepted and self.inbox.is_news(self.peer, message)  # type: ignore[arg-type]


def test_a_message_counts_once_whichever_network_brings_it_first() -> None:
    incoming = Incoming()
    assert incoming.takes(election(1), "B") == (True, True)
    assert incoming.takes(election(1), "A") == (True, False)


def test_a_copy_on_the_same_network_is_not_even_a_sign_of_life() -> None:
    incoming = Incoming()
    incoming.takes(election(1))
    assert incoming.takes(election(1)) == (False, False)
    assert incoming.inbox.dropped == {"replayed": 1}


def test_a_state_that_was_overtaken_is_old_news_and_a_request_is_not() -> None:
    incoming = Incoming()
    incoming.takes(election(5))
    assert incoming.takes(election(4)) == (True, False)
    assert incoming.takes(join(3)) == (True, True)


def test_a_new_boot_begins_to_count_anew_and_the_old_one_is_refused() -> None:
    incoming = Incoming()
    incoming.takes(election(9))
    assert incoming.takes(election(1, boot=2)) == (True, True)
    assert incoming.takes(election(10)) == (False, False)


def test_a_datagram_for_an_earlier_life_of_ours_is_no_sign_of_life_and_one_for_none_is() -> None:
    incoming = Incoming()
    assert incoming.takes(election(1), to_boot=2) == (False, False)
    assert incoming.peer.last_heard_ns is None
    assert incoming.takes(election(2), to_boot=0) == (True, True)
    assert incoming.takes(election(3), to_boot=1) == (True, True)
    assert incoming.inbox.dropped == {"for-old-life": 1}


def test_a_peer_that_named_our_life_does_so_in_all_that_follows() -> None:
    """What names none is from before, and was recorded."""
    incoming = Incoming()
    assert incoming.takes(election(5), to_boot=1) == (True, True)
    assert incoming.takes(election(4), to_boot=0) == (False, False)
    assert incoming.takes(election(1, boot=2), to_boot=0) == (True, True), "it was restarted, and has not heard us yet"


def test_a_flood_of_refusals_does_not_fill_the_history() -> None:
    incoming = Incoming()
    for _ in range(1000):
        incoming.inbox.drop("host-7", "stranger")
    assert [record["count"] for record in records(incoming.machine.did(), "dropped")] == [1 << n for n in range(10)]


def test_a_network_that_falls_silent_is_recorded_once_and_again_when_it_is_back() -> None:
    incoming = Incoming()
    incoming.takes(election(1), "A")
    incoming.takes(election(1), "B")
    incoming.machine.at(103.5)
    incoming.takes(election(2), "B")
    for _ in range(3):
        incoming.inbox.note_silence([incoming.peer])
    assert [(r["network"], r["to"]) for r in records(incoming.machine.did(), "path")] == [("A", "silent")]
    incoming.takes(election(3), "A")
    assert [(r["network"], r["to"]) for r in records(incoming.machine.did(), "path")] == [("A", "up")]
