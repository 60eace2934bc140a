"""The statements of the teaching text: each scenario shows what the pages of docs/lesson say about it.

A statement whose scenario no longer shows it, and a page that says so all the same, would teach what is not true.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec
import pytest
import statements as pages
from statements import Statement

from herzschlag.history.kinds import Sent
from herzschlag.history.records import RUNNER, SECOND, History, written
from herzschlag.history.sent import PING
from herzschlag.scenarios.expectations import matching, show
from herzschlag.scenarios.from_toml import load
from herzschlag.sources.documents import documents
from tests.planted.plant import play
from tests.support.lesson import fields, without, wrong

ALL = pages.statements()


@cache
def played(scenario: str) -> History:
    return play(load(scenario))


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"S{one.number}-{one.scenario}")
def test_a_statement_is_shown_by_its_scenario(one: Statement) -> None:
    assert wrong(one, played(one.scenario)) == []


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"S{one.number}")
def test_a_statement_is_not_shown_by_a_run_that_lacks_its_records(one: Statement) -> None:
    history = played(one.scenario)
    for wanted in one.shows:
        gone = {record.seq for record in matching(history, fields(wanted))}
        assert wrong(one, without(history, gone)), show(wanted)


def test_a_record_that_comes_too_late_and_one_that_must_not_come_are_wrong() -> None:
    dead, alone = ALL[24], ALL[65]
    late = [
        msgspec.structs.replace(r, at_ns=r.at_ns + SECOND * (r.kind == "host-state")) for r in played(dead.scenario)
    ]
    assert wrong(dead, History.ordered(late)) == [
        "kind=host-state node=host-99 host=host-98 to=hostDown comes at T18.99"
    ]
    history = played(alone.scenario)
    ping = written(
        history.end_ns, RUNNER, Sent(sender="host-98", receiver="gateway", network="A", packet=PING, count=1)
    )
    assert wrong(alone, History.ordered([*history, ping])) == ["there is kind=sent packet=Ping"]


def test_every_statement_has_its_place() -> None:
    assert [one.number for one in ALL] == list(range(1, pages.NUMBER + 1))


def test_what_simplifies_says_how_it_is_and_who_says_so() -> None:
    for one in ALL:
        assert (one.judged == "shown") == (one.really is None) == (not one.source), one.number
        keys = re.findall(r"\[([A-Z][A-Z0-9-]*)\]", one.source)
        assert set(keys) <= set(documents()) and (keys or not one.source), one.number


def test_a_statement_that_promises_no_packet_has_a_scenario_that_counts_them() -> None:
    """Otherwise the record is absent in every run."""
    for one in ALL:
        if any(matcher["kind"] == "sent" for matcher in one.never):
            assert load(one.scenario).expect.asks_for("sent"), one.number
