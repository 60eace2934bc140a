"""The recorder's clock: a wall clock that is set during a run moves no packet."""

from __future__ import annotations

from herzschlag.topo.capture.recorder import PAIR_NS_MAX, clock_step_ns

SECOND = 1_000_000_000
BEGAN = 1_700_000_000 * SECOND


def test_a_clock_that_was_set_shifts_the_stamps_back_and_an_untouched_one_does_not() -> None:
    now = 5_000 * SECOND
    assert clock_step_ns(now, BEGAN + now + 200, now + 400, BEGAN) == 0
    assert clock_step_ns(now, BEGAN + now + 3600 * SECOND, now + 400, BEGAN) == 3600 * SECOND
    assert clock_step_ns(now, BEGAN + now - 2 * SECOND, now + 400, BEGAN) == -2 * SECOND


def test_readings_torn_apart_tell_nothing() -> None:
    """The process was interrupted between them; the clock was not set."""
    late = PAIR_NS_MAX + 1
    assert clock_step_ns(0, BEGAN + 3 * SECOND, late, BEGAN) is None
