"""The combined effect of several impairments of one link, for both backends."""

from __future__ import annotations

import pytest

from herzschlag.faults.line_quality import line_quality
from herzschlag.faults.primitives import Impaired
from herzschlag.topo.impairments.values import PERFECT, Quality

MS = 1_000_000


def impaired(**fields: float) -> Impaired:
    return Impaired(network="A", src="host-98", dst="host-99", **fields)


def test_without_impairments_the_line_is_perfect() -> None:
    assert line_quality([]) == PERFECT


def test_shares_act_one_after_the_other() -> None:
    """What passes the first half of all losses is halved again."""
    quality = line_quality([impaired(loss=0.5, duplicate=0.2), impaired(loss=0.5, corrupt=0.1)])
    assert (quality.loss, quality.duplicate, quality.corrupt) == pytest.approx((0.75, 0.2, 0.1))


def test_times_add_up_and_shrink_with_speed() -> None:
    parts = [impaired(delay_ms=20, jitter_ms=5), impaired(delay_ms=1.5)]
    assert line_quality(parts) == Quality(delay_ns=21_500_000, jitter_ns=5 * MS)
    assert line_quality(parts, speed=10) == Quality(delay_ns=2_150_000, jitter_ns=500_000)


def test_the_lowest_rate_counts_and_grows_with_speed() -> None:
    """At speed 10 a second of protocol time is a tenth of a real one, in which as many bits must pass."""
    assert line_quality([impaired(rate_kbit_s=8), impaired(rate_kbit_s=2)], speed=10).rate_bit_s == 20_000


def test_a_line_that_loses_everything_stays_so() -> None:
    assert line_quality([impaired(loss=1.0), impaired(loss=0.3)]).loss == 1.0


def test_reordering_lets_the_chosen_overtake_and_without_a_delay_holds_them_back() -> None:
    assert line_quality([impaired(reorder=0.25, jitter_ms=5)]) == Quality(jitter_ns=5 * MS, overtaking=0.25)
    assert line_quality([impaired(reorder=0.25)]) == Quality(delay_ns=10 * MS, overtaking=0.75)
