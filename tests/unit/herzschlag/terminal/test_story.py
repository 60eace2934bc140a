"""The story of a run: from the first fault on, in a few lines, with what the findings cite."""

from __future__ import annotations

from herzschlag.scenarios.from_toml import load
from herzschlag.terminal.story import LINES_MAX, story
from tests.planted.plant import play


def test_it_begins_with_the_fault_and_says_who_did_what() -> None:
    told = story(play(load("slave-failure")))
    assert [(at, sentence) for at, sentence, _ in told] == [
        ("T+0.00", "fault begins: host-98 has no power"),
        ("T+2.99", "host-99 watches for signs of life of host-98"),
        ("T+9.99", "host-99 cannot reach host-98"),
        ("T+17.99", "host-99 sees host-98 as failed"),
        ("T+17.99", "host-99 orders the restart of vm-98-1 on host-100"),
        ("T+17.99", "host-99 orders the restart of vm-98-2 on host-99"),
        ("T+18.99", "vm-98-2 runs on host-99"),
        ("T+18.99", "vm-98-1 runs on host-100"),
    ]


def test_a_long_story_keeps_what_is_cited_and_says_what_it_leaves_out() -> None:
    history = play(load("partition"))
    (cited,) = [r for r in history.where("host-state", node="vcenter", host="host-100", to="election") if r.at_s > 80]
    told = story(history, {cited.seq})
    assert len(told) == LINES_MAX
    assert ("T+61.99", "vCenter shows host-100 as in election") in [(at, sentence) for at, sentence, _ in told]
    assert told[-1][1].startswith("and ")
    assert told[-1][1].endswith(" more, which the report shows")
    faults = [sentence for _, sentence, _ in told if sentence.startswith("fault ")]
    assert len(faults) == 2


def test_a_quiet_run_has_no_story() -> None:
    assert story(play(load("normal"))) == []
