"""What exploration found of planted faults is kept: the table needs no search, the next call goes on."""

from __future__ import annotations

from pathlib import Path

from bench import explored
from bench.explored import Kept, Told, row, table
from tests.planted import FAULTS

NAMES = tuple(fault.name for fault in FAULTS)


def told(fault: str, checker: str = "belief", **more: object) -> Told:
    given: dict[str, object] = {"plays": 3, "took_s": 1.26, "limit_s": 120.0, "date": "2026-11-29", **more}
    return Told(fault=fault, checker=checker, **given)  # type: ignore[arg-type]


def test_a_row_says_by_what_it_was_found_and_how_long_that_took() -> None:
    assert row(told("a", "right-master", faults_left=2)) == "| a | right-master | 3 | 1.3 | 2 |  |"
    assert row(told("b", "", plays=80, on_packets="")) == "| b | - | 80 | 1.3 |  |  |"


def test_only_what_was_tried_is_counted() -> None:
    found = (
        told("a", "", took_s=120.0),
        told("b", faults_left=2, on_packets="violated"),
        told("c", on_packets="holds"),
    )
    text = table(Kept(machine="here", whole_plays=900, found=found))
    assert text.startswith("2 of 3 planted faults found, made shorter to at most 2 faults (2026-11-29, here;")
    assert "900 schedules without a planted fault broke no rule" in text
    broken = table(Kept(machine="here", whole_plays=9, whole_checker="belief", found=found))
    assert "9 schedules without a planted fault broke belief, the last of them" in broken
    assert "1 of 2 that were played on real packets broke the same rule there." in text


def test_what_is_added_is_in_the_file_in_order_and_replaces_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    for one in (told("b", ""), told("a"), told("gone"), told("b", plays=7)):
        explored.add(one, ("a", "b"), file)
    kept = explored.whole(told("whole", "", plays=12), file)
    assert kept == explored.read(file)
    assert [(one.fault, one.plays) for one in kept.found] == [("a", 3), ("b", 7)]
    assert kept.whole_plays == 12


def test_the_next_call_goes_on_with_the_rest() -> None:
    kept = Kept(found=(told("a"), told("b", "", limit_s=60.0), told("c", faults_left=1)))
    order = ("a", "b", "c", "d")
    assert explored.wanted(order, kept, 120.0, shorter=False, again=False) == ["b", "d"]
    assert explored.wanted(order, kept, 60.0, shorter=False, again=False) == ["d"]
    assert explored.wanted(order, kept, 120.0, shorter=True, again=False) == ["a", "b", "d"]
    assert explored.wanted(order, kept, 120.0, shorter=True, again=True) == list(order)


def test_what_is_kept_is_of_faults_that_exist() -> None:
    assert {one.fault for one in explored.read().found} <= set(NAMES)
