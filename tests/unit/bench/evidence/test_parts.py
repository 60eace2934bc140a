"""A benchmark in parts: what was tried counts until the sources or the bounds change, and a call ends in its time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bench.evidence.parts import SOURCES, Parts, ended, sources


class One(msgspec.Struct, frozen=True):
    plays: int


def test_what_was_tried_is_there_at_the_next_call(tmp_path: Path) -> None:
    file = tmp_path / "build/parts.jsonl"
    Parts(file, "10 s", One, under="a").add("x", One(3))
    Parts(file, "10 s", One, under="a").add("y", One(4))
    again = Parts(file, "10 s", One, under="a")
    assert again.found == {"x": One(3), "y": One(4)}
    assert again.when() == again.dates["x"]


def test_under_other_sources_or_bounds_it_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "parts.jsonl"
    Parts(file, "10 s", One, under="a").add("x", One(3))
    assert not Parts(file, "60 s", One, under="a").found
    assert not Parts(file, "10 s", One, under="b").found
    Parts(file, "60 s", One, under="a").add("y", One(1))
    assert not Parts(file, "10 s", One, under="a").found


def test_several_days_are_told_by_the_first_and_the_last(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "parts.jsonl", "10 s", One, under="a")
    parts.dates.update(x="2026-11-28", y="2026-12-02", z="2026-11-30")
    assert parts.when() == "2026-11-28 to 2026-12-02"


def test_sources_differ_when_a_scenario_changes(tmp_path: Path) -> None:
    for name in SOURCES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch() if name.endswith(".py") else (tmp_path / name).mkdir()
    file = tmp_path / "herzschlag/scenarios/shipped/normal.toml"
    file.parent.mkdir(parents=True)
    file.write_text("settle_s = 1")
    before = sources(tmp_path)
    assert sources(tmp_path) == before
    file.write_text("settle_s = 2")
    assert sources(tmp_path) != before


def test_each_comes_with_its_result_and_none_begins_when_the_time_is_over() -> None:
    with ThreadPoolExecutor(2) as pool:
        later_s = time.monotonic() + 3600
        assert sorted(ended(pool, 2, lambda n: n * n, [1, 2, 3], later_s)) == [(1, 1), (2, 4), (3, 9)]
        assert not list(ended(pool, 2, lambda n: n * n, [1, 2, 3], time.monotonic() - 1))
