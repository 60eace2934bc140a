"""Verdicts: the worst wins, and what had nothing to look at is not counted as held."""

from __future__ import annotations

import msgspec
import pytest

from herzschlag.checkers import check_all
from herzschlag.checkers.verdict import Detail, Mark, counted, finding, worst
from herzschlag.history.records import History
from herzschlag.scenarios.expectations import Allow, Expectations
from herzschlag.scenarios.from_toml import load
from tests.planted.plant import play

HOLDS = Detail(name="it", verdict="holds", because="so it is")
IDLE_WHEN_NORMAL = {
    "restart-justified": "no VM was restarted",
    "restart-owned": "no VM was restarted",
    "restart-order": "no two VMs waited for the same host",
    "restart-in-time": "no VM waited for a restart that nothing was in the way of",
    "restart-attempts": "no VM was restarted",
    "placement": "no VM was restarted",
    "isolation-justified": "no host declared itself isolated",
    "isolation-in-time": "no host was alone for long enough",
    "response-owned": "no isolated host stopped a VM",
    "guest-care": "no guest hung for long while it was monitored, and none was asked to shut down",
    "storage-loss": "no host lost a datastore for long enough",
    "request-obeyed": "no user asked for anything that nothing was in the way of",
    "following": "no master gave a host up for long",
    "patience": "no slave gave up a master that it could hear before",
    "path-silence": "no path fell silent beside another one",
    "heartbeat-datastores": "no host was left alone with its datastores for long enough",
    "reports-missed": "no host fell silent for vCenter",
    "replays": "no packets came twice",
    "fault-in-effect": "there are no faults",
    "lateness": "virtual time is never late",
}


def test_without_details_nothing_was_checked() -> None:
    found = finding("mine", [], good="all is well", nothing="no VM was there")
    assert (found.verdict, found.because, found.fine) == ("nothing", "no VM was there", True)
    assert finding("mine", [], good="all is well").because == "nothing to check"
    assert finding("mine", [HOLDS], good="all is well").verdict == "holds"
    assert finding("mine", [], good="all is well", of_none="unknown").verdict == "unknown"


@pytest.mark.parametrize(
    ("marks", "verdict"),
    [
        (["nothing", "holds"], "holds"),
        (["nothing", "unknown", "holds"], "unknown"),
        (["unknown", "violated", "nothing"], "violated"),
        (["nothing"], "unknown"),
        ([], "unknown"),
    ],
)
def test_nothing_to_check_weighs_nothing(marks: list[Mark], verdict: str) -> None:
    assert worst(marks) == verdict


def test_every_check_that_looked_at_nothing_says_of_what_there_was_none() -> None:
    scenario = load("normal")
    found = check_all(play(scenario), scenario)
    assert {f.checker: f.because for f in found if f.verdict == "nothing"} == IDLE_WHEN_NORMAL
    assert {f.verdict for f in found if f.checker not in IDLE_WHEN_NORMAL} == {"holds"}


def test_what_must_happen_is_missed_where_there_was_nothing_to_check() -> None:
    expect = Expectations(allow=(Allow(checker="replays", because="it refuses none", must=True),))
    scenario = load("normal")
    told = {f.checker: f.verdict for f in check_all(play(scenario), msgspec.structs.replace(scenario, expect=expect))}
    assert told["replays"] == "violated"


def test_an_empty_history_is_not_one_without_anything_to_check() -> None:
    assert {f.verdict for f in check_all(History(), load("normal"))} == {"unknown"}


def test_numbers_agree_with_their_nouns() -> None:
    assert [counted(n, "restart") for n in (0, 1, 2)] == ["0 restarts", "1 restart", "2 restarts"]
