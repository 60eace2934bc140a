"""How far a campaign is, on a terminal and in a pipe."""

from __future__ import annotations

import io
from collections import Counter

from rich.console import Console

from herzschlag.campaign.board import Board
from herzschlag.campaign.crew import State
from tests.unit.herzschlag.campaign.campaigns import cell, played


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def board(clock: Clock | None = None, *, terminal: bool = False, silent: bool = False) -> tuple[Board, io.StringIO]:
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=80, color_system=None)
    return Board(console, "a campaign", 10, silent=silent, clock=clock or Clock()), text


def shown(of: Board) -> str:
    text = io.StringIO()
    Console(file=text, width=80, color_system=None).print(of.rows())
    return text.getvalue()


def test_a_pipe_gets_a_line_for_each_run() -> None:
    one, text = board()
    with one:
        one.was_there(4, Counter({"holds": 4}))
        one.came(played(cell(1)))
        one.came(played(cell(2), "unknown", status="failed", because="no memory"))
    assert text.getvalue().splitlines() == [
        "a campaign",
        "  4 runs of 10 there already",
        "  ✓ normal-simulation-x10-seed1  2.0 s",
        "  \u2013 normal-simulation-x10-seed2  2.0 s  failed",
    ]


def test_a_terminal_sees_counts_and_what_does_not_hold() -> None:
    one, _ = board(terminal=True)
    one.was_there(4, Counter({"holds": 3, "violated": 1}))
    one.came(played(cell(1), "violated", because="two wrote"))
    text = shown(one)
    assert "5 of 10  3 hold  2 violated" in text
    assert "✗ normal-simulation-x10-seed1  2.0 s  violated: two wrote" in text


def test_pace_counts_the_runs_of_this_command() -> None:
    clock = Clock()
    one, _ = board(clock)
    one.was_there(4, Counter({"holds": 4}))
    for seed in range(3):
        one.came(played(cell(seed)))
    one.now(State(workers=2, labs=2, under_way=1), "")
    clock.now_s = 36.0
    assert one.pace() == "1 under way on 2 workers, 300 runs an hour, 1 min left"


def test_what_it_waits_for_is_said_once_in_a_pipe() -> None:
    one, text = board()
    for _ in range(3):
        one.now(State(), "a worker")
    assert text.getvalue() == "  waits: a worker\n"
    assert "waits: a worker" in shown(one)


def test_silent_means_silent() -> None:
    one, text = board(silent=True)
    with one:
        one.came(played(cell(1)))
    assert text.getvalue() == ""
