"""The combined effect of several impairments of one link, for both backends."""

from __future__ import annotations

import pytest

from herzschlag.faults.line_quality import LineQuality, line_quality
from herzschlag.faults.primitives import Impaired


def impaired(**fields: float) -> Impaired:
    return Impaired(network="A", src="host-98", dst="host-99", **fields)


def test_without_impairments_the_line_is_perfect() -> None:
    assert line_quality([]) == LineQuality(0, 0, 0, 0, 0)


def test_shares_act_one_after_the_other() -> None:
    """What passes the first half of all losses is halved again."""
    quality = line_quality([impaired(loss=0.5, duplicate=0.2), impaired(loss=0.5, reorder=0.1)])
    assert (quality.loss, quality.duplicate, quality.reorder) == pytest.approx((0.75, 0.2, 0.1))


def test_times_add_up() -> None:
    quality = line_quality([impaired(delay_ms=20, jitter_ms=5), impaired(delay_ms=1.5)])
    assert (quality.delay_ms, quality.jitter_ms) == (21.5, 5)


def test_a_line_that_loses_everything_stays_so() -> None:
    assert line_quality([impaired(loss=1.0), impaired(loss=0.3)]).loss == 1.0
