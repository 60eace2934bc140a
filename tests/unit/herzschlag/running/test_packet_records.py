"""What packets add to a history, from captures written by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec

from herzschlag.history.records import RUNNER, SECOND, History, record
from herzschlag.packets.annotate import Taken
from herzschlag.running.packet_records import with_packets
from herzschlag.scenarios.expectations import Expectations, Matcher, matching, moment
from herzschlag.scenarios.from_toml import load
from tests.support.captures import HandMade

SENT: Matcher = {"kind": "sent", "packet": "Ping", "sender": "host-98", "receiver": "gateway"}
"""What `isolation` expects at least one of."""


def taken() -> Taken:
    made = HandMade()
    made.ping(60.0, "host-98", "gateway", "A", 1, lost=True)
    made.ping(90.5, "host-98", "gateway", "A", 2, lost=True)
    return Taken(Path("nowhere"), made.capture(), made.facts)


def played(*later: tuple[float, str]) -> History:
    """A run from 10 s to 90 s, and records that agents wrote afterwards."""
    agents = [record(round(at_s * SECOND), "host-99", "vm", {"vm": what, "to": "running"}) for at_s, what in later]
    return History.ordered(
        [
            record(10 * SECOND, RUNNER, "ready", {"master": "host-99"}),
            record(90 * SECOND, RUNNER, "end", {"because": "the scenario is played"}),
            *agents,
        ]
    )


def test_what_was_sent_is_told_ahead_of_the_end_though_agents_wrote_after_it() -> None:
    """A run that ended while a host wrote was said to have seen no ping at all: a wrong violation."""
    history = with_packets(played((90.3, "vm-1")), taken(), load("isolation"))
    end = moment(history, "end")
    assert end is not None
    (sent,) = matching(history, SENT, 10 * SECOND, end.at_ns)
    assert sent.get("count") == 1  # the second ping came after the end
    assert sent.seq < end.seq < history.of_kind("vm")[0].seq


def test_a_history_without_an_end_has_it_last() -> None:
    history = with_packets(History.ordered(list(played())[:1]), taken(), load("isolation"))
    assert [item.kind for item in history] == ["ready"]  # which ends before the first ping


def test_a_scenario_that_asks_for_nothing_of_the_kind_gets_no_counts() -> None:
    silent = msgspec.structs.replace(load("isolation"), expect=Expectations())
    assert not with_packets(played(), taken(), silent).of_kind("sent")
