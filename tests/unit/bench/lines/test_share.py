"""Shares and their bands: a band that is too narrow would promise what the runs do not show."""

from __future__ import annotations

import pytest

from bench.lines.share import Share, begins_at


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [  # by Wilson's formula, as other implementations give it
        (Share(0, 50), 0.0, 0.0713),
        (Share(50, 50), 0.9287, 1.0),
        (Share(16, 50), 0.2076, 0.4581),
        (Share(1, 5), 0.0362, 0.6245),
        (Share(100, 200), 0.4314, 0.5686),
    ],
)
def test_the_band_is_wilsons_interval(share: Share, low: float, high: float) -> None:
    assert share.band == pytest.approx((low, high), abs=1e-4)


def test_more_runs_make_the_band_narrower() -> None:
    few, many = Share(3, 10).band, Share(300, 1000).band
    assert few[0] < many[0] < 0.3 < many[1] < few[1]


def test_it_begins_where_any_run_is_hit_or_a_part_of_them() -> None:
    values, shares = (1, 2, 3, 4), [Share(0, 4), Share(1, 4), Share(2, 4), Share(4, 4)]
    assert begins_at(values, shares) == 2
    assert begins_at(values, shares, least=0.5) == 3
    assert begins_at(values, shares, least=1.0) == 4


def test_it_begins_nowhere_where_no_run_is_hit() -> None:
    assert begins_at((1, 2), [Share(0, 9), Share(0, 9)]) is None
    assert begins_at((1, 2), [Share(0, 9), Share(1, 9)], least=0.5) is None
