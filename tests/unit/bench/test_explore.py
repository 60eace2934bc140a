"""The table of planted faults that exploration found: of those that were tried, in their order."""

from __future__ import annotations

from bench.explore import PAGE, Told, row, table
from tests.planted import FAULTS


def test_a_row_says_by_what_it_was_found_and_how_long_that_took() -> None:
    assert row("short election", Told("right-master", 3, 1.26)) == "| short election | right-master | 3 | 1.3 |  |"
    assert row("small joins", Told("", 80, 10.04, None)) == "| small joins | - | 80 | 10.0 |  |"


def test_only_what_was_tried_is_counted() -> None:
    first, second = FAULTS[0].name, FAULTS[2].name
    text = table({second: Told("right-master", 1, 0.4, 2), first: Told("", 80, 10.0)}, "today")
    assert text.startswith("1 of 2 planted faults found, made shorter to at most 2 faults (today).")
    assert text.index(first) < text.index(second)


def test_the_page_has_a_place_for_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("python -m bench.explore --page: begin") == text.count("python -m bench.explore --page: end") == 1
