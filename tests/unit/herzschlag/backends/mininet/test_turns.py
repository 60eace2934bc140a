"""Turns to come up."""

from __future__ import annotations

import os
from pathlib import Path

from herzschlag.backends.mininet.turns import Turn, free_turn


def name_of(tmp_path: Path) -> str:
    """A name that no other test and no lab has."""
    return f"herzschlag-test-{os.getpid()}-{tmp_path.name}"


def is_free(name: str, number: int) -> bool:
    found = free_turn(name, number)
    if found is not None:
        found.close()
    return found is not None


def test_a_turn_is_held_until_it_is_over(tmp_path: Path) -> None:
    name = name_of(tmp_path)
    turn = Turn.wait(name, 1)
    assert not is_free(name, 1)
    turn.over()
    turn.over()
    another = Turn.wait(name, 1)
    assert not is_free(name, 1)
    another.over()
    assert is_free(name, 1)


def test_as_many_come_up_at_once_as_there_are_processors(tmp_path: Path) -> None:
    name = name_of(tmp_path)
    turns = [Turn.wait(name, 3) for _ in range(3)]
    assert not is_free(name, 3) and is_free(name, 4)
    for turn in turns:
        turn.over()


def test_who_has_waited_for_long_goes_on_all_the_same(tmp_path: Path) -> None:
    name = name_of(tmp_path)
    stopped = Turn.wait(name, 1)
    impatient = Turn.wait(name, 1, patience_s=0.0)
    impatient.over()
    assert not is_free(name, 1), "the other one still has its turn"
    stopped.over()


def test_where_no_name_can_be_had_no_process_waits() -> None:
    Turn.wait("x" * 200, 1).over()
