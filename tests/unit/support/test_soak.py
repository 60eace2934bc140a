"""`make soak` fails for what is wrong, and for nothing else."""

from __future__ import annotations

from tests.support.soak.endurance import Endured, Kind, grown
from tests.support.soak.kills import MOMENTS, PARTS, WHOLE, Kill, Killed, Outcome, add, kills
from tests.support.soak.machine import Names, new
from tests.support.soak.page import Found, text
from tests.support.soak.runs import Runs, count, shortened

NOTHING = Names(frozenset(), frozenset(), frozenset(), frozenset())


def report(verdict: str, *, status: str = "finished", because: str = "") -> dict[str, object]:
    return {"scenario": "normal", "verdict": verdict, "status": status, "because": because, "directory": "runs/1"}


def test_a_run_that_is_violated_is_wrong_and_one_that_is_unknown_is_counted_with_its_reason() -> None:
    runs = Runs(5)
    late = "lateness: host-{} agent: a timer fired {} s of protocol time late; and more"
    for one in (
        report("holds"),
        report("unknown", because=late.format(98, 0.61)),
        report("unknown", because=late.format(99, 0.75)),
        report("violated", because="one-writer: two"),
        report("unknown", status="interrupted"),
    ):
        count(runs, one)
    assert (runs.played, runs.held, runs.unknown) == (4, 1, 2)
    assert list(runs.reasons.values()) == [2]
    assert runs.wrong == ["normal is violated: one-writer: two (runs/1)"]


def test_reasons_are_alike_whatever_their_figures() -> None:
    assert shortened("late by 0.612 s; and more") == shortened("late by 17 s")


def test_few_kills_are_of_every_kind_and_the_seed_decides() -> None:
    some = kills(48, 7)
    assert some == kills(48, 7) != kills(48, 8)
    assert {one.victim for one in some} == {*WHOLE, *PARTS}
    assert {one.moment for one in some} == set(MOMENTS)


def test_what_a_kill_left_is_in_the_sum() -> None:
    killed, one = Killed(1), Kill("stage", kills(1, 0)[0].signal, "run", 3.0)
    add(killed, Outcome(one, True, True, "holds", "stage: the verdict is holds", ["stage: process 17: agent"]))
    found = Found(command="make soak", machine="here", budget_s=1, kills=killed)
    assert found.wrong == ["stage: the verdict is holds", "left: stage: process 17: agent"]


def test_names_of_ours_are_left_over_and_others_are_only_told() -> None:
    after = Names(
        frozenset({"/x tmpfs herzschlag rw"}),
        frozenset({"sA-host-98", "veth7"}),
        frozenset(),
        frozenset({"/tmp/herzschlag-a"}),
    )
    ours, others = new(NOTHING, after)
    assert ours == ["mounts: /x tmpfs herzschlag rw", "interfaces: sA-host-98"]
    assert others == ["interfaces: veth7", "files: /tmp/herzschlag-a"]


def test_a_process_that_opens_more_and_more_leaks_and_one_that_keeps_the_history_may_grow() -> None:
    first = {"agent": Kind(64, 8, 20.0), "stage": Kind(1, 300, 50.0), "controller": Kind(1, 11, 70.0)}
    last = {"agent": Kind(64, 40, 21.0), "stage": Kind(1, 302, 500.0), "controller": Kind(1, 11, 140.0)}
    assert grown(first, last) == ["agent: 8 descriptors became 40", "controller: 70 MB became 140 MB"]


def test_the_page_says_what_was_not_reached_and_what_is_wrong() -> None:
    runs = Runs(1000, played=9, held=8, unknown=1, reasons={"late": 1}, seconds=105)
    large = Endured(60, wrong=["it ended with 5: no memory"], seconds=70)
    page = text(Found(command="make soak SECONDS=120", machine="today, here", budget_s=120, runs=runs, large=large))
    assert "| runs of the shipped scenarios, in a row | 1,000 | 9 in 105 s | 8 hold, 1 unknown | 0 | 0 |" in page
    assert "interrupted" in page
    assert "| late | 1 |" in page
    assert "- it ended with 5: no memory" in page
