"""Documented against measured: how the figures of an instant read."""

from __future__ import annotations

import pytest

from herzschlag.checkers.figures import documented, measured, missed
from herzschlag.checkers.verdict import Detail
from herzschlag.history.clock import Clock

ZERO = Clock(24_000)


def instant(published_s: tuple[float, float], measured_s: float | None = None, since_ns: int | None = 24_000) -> Detail:
    return Detail(
        name="new master",
        verdict="violated",
        because="",
        published_s=published_s,
        measured_s=measured_s,
        allowed_s=0.15,
        since_ns=since_ns,
    )


@pytest.mark.parametrize(
    ("published_s", "since_ns", "text"),
    [((25, 25), 24_000, "T+25"), ((30, 60), 24_000, "T+30-60"), ((2.5, 2.5), 24_000, "T+2.5"), ((15, 15), 9, "15 s")],
)
def test_a_published_time_counts_from_t_or_is_a_length(
    published_s: tuple[float, float], since_ns: int, text: str
) -> None:
    assert documented(instant(published_s, since_ns=since_ns), ZERO) == text


def test_what_never_came_has_no_figure() -> None:
    assert (measured(instant((25, 25), 24.876)), measured(instant((25, 25)))) == ("24.88", "never")


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (instant((10, 10), 17.99), "expected T+10 ± 0.15, happened T+17.99"),
        (instant((10, 18)), "expected T+10-18 ± 0.15, never happened"),
        (instant((15, 15), 16.2, since_ns=9), "expected 15 s ± 0.15, happened after 16.20 s"),
    ],
)
def test_a_missed_instant_says_both_times(one: Detail, text: str) -> None:
    assert missed(one, ZERO) == text
