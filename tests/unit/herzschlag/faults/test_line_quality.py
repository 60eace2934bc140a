"""The combined effect of several impairments of one link, for both backends."""

from __future__ import annotations

from typing import Any

import pytest

from herzschlag.faults.line_quality import BadLine, bad_lines, line_course, line_quality, varies
from herzschlag.faults.primitives import Impaired, LinkCut
from herzschlag.topo.impairments.values import PERFECT, STAGES_MAX, Flap, Quality

MS = 1_000_000


def impaired(**fields: Any) -> Impaired:
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


def test_what_netem_cannot_do_is_known_before_the_run() -> None:
    """The relay takes seconds to come up on a slow machine: not at the instant of the fault."""
    planned = bad_lines(
        [
            impaired(loss=0.5, delay_ms=20),
            impaired(loss=0.5, burst_packets=4),
            Impaired(network="B", src="host-98", dst="host-99", delay_ms=20),
            Impaired(network="B", src="host-99", dst="host-98", flap_period_s=2.0, flap_down=0.5),
            LinkCut(network="B", src="vcenter", dst="host-98"),
        ]
    )
    assert planned == (
        BadLine("host-98", "A", beyond_kernel=True),
        BadLine("host-98", "B", beyond_kernel=False),
        BadLine("host-99", "B", beyond_kernel=True),
    )


def test_a_ramp_is_a_stair_of_a_heartbeat_interval_a_step() -> None:
    course = line_course([impaired(loss=0.2, to=(("delay_ms", 100.0), ("loss", 0.8)), over_s=3.0)])
    assert [stage.at_ns // MS for stage in course.stages] == [0, 1000, 2000, 3000]
    assert [stage.quality.loss for stage in course.stages] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert [stage.quality.delay_ns // MS for stage in course.stages] == [0, 33, 66, 100]
    fast = line_course([impaired(to=(("loss", 1.0),), over_s=3.0)], speed=10)
    assert [stage.at_ns // MS for stage in fast.stages] == [0, 100, 200, 300]


def test_a_long_ramp_has_no_more_steps_than_a_course_and_a_short_one_has_one() -> None:
    assert len(line_course([impaired(to=(("loss", 1.0),), over_s=100_000.0)]).stages) == STAGES_MAX
    assert [s.quality.loss for s in line_course([impaired(to=(("loss", 1.0),), over_s=0.1)]).stages] == [0.0, 1.0]


def test_what_flaps_is_as_bad_as_it_is_else_while_it_is_up() -> None:
    course = line_course([impaired(loss=0.5, flap_period_s=10.0, flap_down=0.3, flap_random=True, flap_name="A")], 10)
    assert course.stages[0].quality == Quality(loss=0.5) and len(course.stages) == 1
    assert course.flap == Flap(1000 * MS, 0.3, random=True, grain_ns=25 * MS, name="A")
    assert varies(impaired(flap_period_s=10.0)) and not varies(impaired(loss=0.5))
