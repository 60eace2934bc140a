"""A lock has one holder at a time, and what a host says when it is denied one fits together."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.checkers import CHECKERS
from herzschlag.checkers.verdict import Finding
from herzschlag.history.records import History, Record
from tests.planted.plant import judged, play, scenario_of
from tests.support.rules import sees_who_breaks


def told_otherwise(**fields: str) -> Finding:
    """What the rule says of a partition in which the first denied lock is recorded with these fields."""
    history = play(scenario_of("partition"))
    denied = history.where("lock", to="denied")[0]

    def edited(one: Record) -> Record:
        return msgspec.structs.replace(one, fields=one.fields | fields) if one is denied else one

    found = History.ordered([edited(one) for one in history.records])
    return CHECKERS["lock-holders"].judge(found, scenario_of("partition"))


def test_it_sees_who_breaks_the_rule() -> None:
    sees_who_breaks("lock-holders", "isolation", "releases unrecorded", "held it from")


def test_a_host_is_denied_what_another_holds() -> None:
    history = play(scenario_of("partition"))
    assert history.where("lock", to="denied", **{"from": "held"})
    assert judged("lock-holders", scenario_of("partition")).verdict == "holds"


@pytest.mark.parametrize("fields", [{"from": "free"}, {"owner": ""}])
def test_a_lock_that_is_denied_is_held_exactly_if_it_has_an_owner(fields: dict[str, str]) -> None:
    found = told_otherwise(**fields)
    assert found.verdict == "violated"
    assert "was denied it at" in found.because


def test_a_lock_that_cannot_be_asked_for_is_denied_as_free() -> None:
    assert told_otherwise(**{"from": "free", "owner": ""}).verdict == "holds"
