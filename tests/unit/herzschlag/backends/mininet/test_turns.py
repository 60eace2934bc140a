"""Turns to come up."""

from __future__ import annotations

from pathlib import Path

from herzschlag.backends.mininet.turns import Turn
from herzschlag.slots import take_free


def test_a_turn_is_held_until_it_is_over(tmp_path: Path) -> None:
    turn = Turn.wait(tmp_path, 1)
    assert take_free(tmp_path, 1) is None
    turn.over()
    turn.over()
    another = Turn.wait(tmp_path, 1)
    assert take_free(tmp_path, 1) is None
    another.over()


def test_as_many_come_up_at_once_as_there_are_processors(tmp_path: Path) -> None:
    turns = [Turn.wait(tmp_path, 3) for _ in range(3)]
    assert take_free(tmp_path, 3) is None
    for turn in turns:
        turn.over()


def test_who_has_waited_for_long_goes_on_all_the_same(tmp_path: Path) -> None:
    stopped = Turn.wait(tmp_path, 1)
    impatient = Turn.wait(tmp_path, 1, patience_s=0.0)
    impatient.over()
    assert take_free(tmp_path, 1) is None, "the other one still has its turn"
    stopped.over()


def test_where_no_lock_file_can_be_made_no_process_waits(tmp_path: Path) -> None:
    Turn.wait(tmp_path / "missing" / "folder", 1).over()
    (tmp_path / "file").write_text("")
    Turn.wait(tmp_path / "file", 1).over()
