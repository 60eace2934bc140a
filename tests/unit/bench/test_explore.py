"""The page of planted faults that exploration found has a place for the table."""

from __future__ import annotations

from bench.explore import NAMES, PAGE
from tests.planted import FAULTS


def test_the_page_has_a_place_for_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("python -m bench.explore --page: begin") == text.count("python -m bench.explore --page: end") == 1


def test_every_planted_fault_can_be_asked_for() -> None:
    assert len(set(NAMES)) == len(FAULTS)
