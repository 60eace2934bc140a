"""The order of tests for several workers."""

from __future__ import annotations

from tests.support.order import long_first


def test_half_of_the_stretches_begin_with_long_ones_dealt_evenly_by_time() -> None:
    takes_s = {3: 60.0, 8: 30.0, 9: 20.0}
    assert long_first("abcdefghij", takes_s, workers=2) == list("dijab" + "cefgh")
    assert long_first("abcdefghij", takes_s, workers=3) == list("dab" + "ijc" + "efgh")


def test_without_long_ones_the_order_stays() -> None:
    assert long_first("abcdef", {}, workers=4) == list("abcdef")
    assert long_first("", {}, workers=4) == []


def test_nothing_is_lost_or_doubled_however_many_are_long() -> None:
    for workers in range(1, 9):
        for every in range(1, 5):
            items = list(range(23))
            takes_s = {place: float(place) for place in range(0, 23, every)}
            assert sorted(long_first(items, takes_s, workers)) == items
