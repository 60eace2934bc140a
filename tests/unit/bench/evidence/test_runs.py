"""Files of runs: a run a line, and what proves nothing is wanted again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.evidence.runs import doubt, missing, write
from herzschlag.checkers.verdict import Finding
from herzschlag.running.run_file import RunReport


class One(msgspec.Struct, frozen=True):
    cell: int
    left_out: str = ""


class All(msgspec.Struct, frozen=True):
    date: str
    runs: tuple[One, ...] = ()


def test_a_run_is_a_line_and_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    runs = (One(1), One(2, "late"))
    write(tmp_path / "kept.json", All("2026-11-28"), runs)
    text = (tmp_path / "kept.json").read_bytes()
    assert msgspec.json.decode(text, type=All) == All("2026-11-28", runs)
    assert len(text.splitlines()) == 4


def test_what_proves_nothing_is_wanted_again() -> None:
    assert missing([1, 2, 3], [One(1), One(2, "late")]) == [2, 3]


def test_a_run_that_was_late_or_did_not_finish_proves_nothing() -> None:
    late = Finding(checker="lateness", verdict="unknown", because="0.2 s late")
    broken = Finding(checker="one-master", verdict="violated", because="two")
    report = RunReport(scenario="x", status="finished", findings=(broken,))
    assert doubt(report) == ""
    assert doubt(msgspec.structs.replace(report, findings=(broken, late))) == "0.2 s late"
    assert doubt(msgspec.structs.replace(report, status="failed")) == "failed"
    assert doubt(msgspec.structs.replace(report, status="failed", because="no memory")) == "no memory"
