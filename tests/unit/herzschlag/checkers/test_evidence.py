"""Evidence that a scenario asks for: without the records that hold it, no expectation may hold."""

from __future__ import annotations

from herzschlag.checkers import check_all
from herzschlag.history.kinds import Sent
from herzschlag.history.records import RUNNER, History, written
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import play


def expectations(history: History) -> str:
    (found,) = (f for f in check_all(history, load("normal")) if f.checker == "expectations")
    return found.verdict


def test_what_was_not_sent_is_not_proved_by_a_history_without_a_count() -> None:
    """As on real packets without a capture: an expectation that no ping is sent would hold for want of records."""
    history = play(load("normal"))
    assert expectations(history) == "holds"
    assert expectations(history.without(lambda r: r.kind == "sent")) == "unknown"


def test_a_packet_that_must_not_be_sent_violates() -> None:
    history = play(load("normal"))
    ping = Sent(sender="host-98", receiver="gateway", network="A", packet="Ping", count=1)
    assert expectations(History.ordered([*history, written(history.end_ns, RUNNER, ping)])) == "violated"
