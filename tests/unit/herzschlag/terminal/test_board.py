"""The board: a line for each run, within the width, while runs go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from herzschlag.history.records import SECOND
from herzschlag.running.run_file import RunReport
from herzschlag.terminal.board import Board
from tests.planted.plant import play
from tests.support.terminal import console, request, written

NAMES = ("slave-failure", "isolation", "partition", "normal")


def board(width: int, names: tuple[str, ...] = NAMES, until_s: float = 60) -> list[str]:
    """The lines when the first run is done and the last waits."""
    requests = [request(name, Path(name)) for name in names]
    now = [0.0]
    shown = Board(console(width), requests, "Herzschlag  some scenarios", lambda: now[0])
    for index, one in enumerate(requests[:-1]):
        shown.began(index)
        for item in play(one.scenario):
            if item.at_ns <= until_s * SECOND:
                shown.saw(index, item)
    now[0] = 11.0
    shown.ended(0, RunReport(scenario=names[0], verdict="holds"))
    on = console(width)
    on.print(shown)
    return written(on).splitlines()


def test_a_run_under_way_has_its_clock_its_hosts_and_what_is_next() -> None:
    title, done, isolation, partition, waiting = board(120)
    assert title == "Herzschlag  some scenarios"
    assert done == "  ✓ slave-failure    11 s"
    assert isolation[4:] == (
        "isolation      T+30 of 150  98 isolated  99 master  100 slave  next: master reads that it is isolated T+30-60"
    )
    assert "T+32 of 120" in partition
    assert waiting == "    normal         waits"


@pytest.mark.parametrize(("width", "hosts"), [(100, "98 election  99 master  +1"), (80, "")])
def test_a_narrow_line_leaves_hosts_out_and_never_the_clock_or_what_is_next(width: int, hosts: str) -> None:
    _, _, isolation, *_ = board(width, until_s=40)
    assert "T+15 of 150" in isolation
    assert isolation.endswith("next: slave elects itself, pings T+25")
    assert hosts in isolation
    assert len(isolation) <= width


def test_a_run_that_starts_says_so() -> None:
    assert "starting 11 s" in board(80, until_s=1)[2]


def test_more_runs_than_rows_are_counted() -> None:
    names = ("slave-failure",) * 60
    lines = board(80, names, until_s=1)
    assert lines[1] == "  1 of 60 done, 1 wait"
    assert len(lines) <= 60 + 1
