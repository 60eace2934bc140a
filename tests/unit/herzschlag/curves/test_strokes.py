"""Ticks, colours and dashes of curves."""

from __future__ import annotations

import pytest

from herzschlag.curves.strokes import CURVES_MAX, DARK, DASHES, LIGHT, dashed, style, ticks_of


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (0.1, 0.9, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        (2, 40, [0, 5, 10, 15, 20, 25, 30, 35, 40]),
        (0, 60, [0, 10, 20, 30, 40, 50, 60]),
        (3, 3, [3, 4]),
    ],
)
def test_ticks_are_round_and_cover_all_values(first: float, last: float, ticks: list[float]) -> None:
    assert ticks_of(first, last) == ticks


def test_every_curve_has_a_colour_on_light_and_dark_pages_and_dashes_of_its_own() -> None:
    assert len(set(LIGHT)) == len(set(DARK)) == len(set(DASHES)) == CURVES_MAX
    assert dashed(0) == "" and dashed(1) == ' stroke-dasharray="9 5"'
    assert all(colour in style() for colour in (*LIGHT, *DARK))
