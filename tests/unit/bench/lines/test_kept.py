"""What is kept of real packets: minutes of runs, which virtual time alone cannot give back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bench.evidence.runs import machine
from bench.lines import kept
from bench.lines.play import Real, Seen

CELLS = kept.wanted_cells(["loss"])
ROLE = Seen(kinds={"role": 9.9})


def test_runs_are_kept_whole_in_the_order_of_the_page(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    later, earlier = Real(*CELLS[7], ROLE), Real(*CELLS[2], Seen(), "a timer fired late")
    kept.add([later], file)
    kept.add([earlier], file)
    assert kept.read(file).runs == (earlier, later)
    assert kept.read(file).machine == machine()
    assert len(file.read_text().splitlines()) == 4  # a run a line


def test_a_run_takes_the_place_of_its_older_one(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    kept.add([Real(*CELLS[0], Seen())], file)
    kept.add([Real(*CELLS[0], ROLE)], file)
    assert kept.read(file).runs == (Real(*CELLS[0], ROLE),)


def test_runs_that_are_missing_or_prove_nothing_are_wanted_again(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    assert kept.missing(CELLS, file) == CELLS
    kept.add([Real(*CELLS[0], ROLE), Real(*CELLS[1], Seen(), "a timer fired late")], file)
    assert kept.missing(CELLS, file) == CELLS[1:]


def test_runs_of_a_value_that_no_sweep_has_any_more_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    old = Real(*CELLS[0]._replace(value=0.123), ROLE)
    file.write_bytes(msgspec.json.encode(kept.Kept(runs=(old,))))
    assert kept.read(file).runs == ()


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    assert kept.read(tmp_path / "none.json") == kept.Kept()


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text('{"runs": 3}')
    with pytest.raises(msgspec.ValidationError):
        kept.read(file)
