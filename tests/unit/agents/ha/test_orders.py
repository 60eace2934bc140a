"""Which orders answer something recent, and which were superseded."""

from __future__ import annotations

from herzschlag.agents.ha.orders import SentLately, Superseded
from herzschlag.agents.protocol.messages import PowerRequest, Protect
from tests.unit.agents.ha.scripted import vm


def test_what_was_sent_lately_can_be_answered_and_nothing_else() -> None:
    sent = SentLately(limit_ns=10)
    assert not sent.holds(0, 0), "nothing was sent yet"
    for sequence, now_ns in ((1, 0), (2, 5), (3, 5), (4, 12)):
        sent.note(sequence, now_ns)
    assert [sent.holds(sequence, 12) for sequence in (0, 1, 2, 3, 4, 5)] == [False, False, True, True, True, False]
    assert [sent.holds(sequence, 22) for sequence in (2, 3, 4)] == [False, False, True]
    assert not sent.holds(4, 23)


def power(sequence: int, name: str = "web", *, boot: int = 1) -> PowerRequest:
    head = {"sender": "vcenter", "boot": boot, "sequence": sequence, "sent_ns": 0, "answers": 1}
    return PowerRequest(**head, order=1, vm=vm(name), on=True, config=1)  # type: ignore[arg-type]


def test_an_order_is_superseded_by_a_newer_one_about_the_same() -> None:
    superseded = Superseded()
    assert superseded.takes(power(5))
    assert not superseded.takes(power(4))
    assert superseded.takes(power(4, "mail")), "it is about another VM"
    assert superseded.takes(Protect(sender="vcenter", boot=1, sequence=3, sent_ns=0, answers=1, vms={}))
    assert superseded.takes(power(1, boot=2)), "a vCenter that was restarted counts anew"
    assert not superseded.takes(power(9))
