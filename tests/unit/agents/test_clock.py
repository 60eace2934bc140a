"""A host's clock that is set wrong: what it shows, and when it will show something."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herzschlag.agents.clock import RIGHT, ClockSetting

SECOND = 1_000_000_000
INSTANTS = st.integers(0, 10**6 * SECOND)
SETTINGS = st.lists(st.tuples(st.integers(-100 * SECOND, 100 * SECOND), INSTANTS), max_size=5)


def set_often(changes: list[tuple[int, int]]) -> tuple[ClockSetting, int]:
    """The clock after these changes, each at its instant or just after the one before; and the last instant."""
    clock, now_ns = RIGHT, 0
    for ahead_ns, wait_ns in changes:
        now_ns += wait_ns
        clock = clock.moved(ahead_ns, now_ns)
    return clock, now_ns


def test_a_right_clock_shows_the_machines_time() -> None:
    assert RIGHT.local_ns(5 * SECOND) == RIGHT.true_ns(5 * SECOND) == 5 * SECOND


def test_set_ahead_it_leaps_and_set_back_it_does_not_move_until_time_has_caught_up() -> None:
    ahead = RIGHT.moved(30 * SECOND, 10 * SECOND)
    assert ahead.local_ns(10 * SECOND) == 40 * SECOND
    back = ahead.moved(0, 20 * SECOND)
    assert [back.local_ns(at * SECOND) // SECOND for at in (20, 35, 50, 51)] == [50, 50, 50, 51]


@given(SETTINGS, INSTANTS, st.integers(-100 * SECOND, 100 * SECOND))
def test_it_never_goes_back_however_it_is_set(changes: list[tuple[int, int]], later_ns: int, ahead_ns: int) -> None:
    clock, now_ns = set_often(changes)
    now_ns += later_ns
    assert clock.moved(ahead_ns, now_ns).local_ns(now_ns) >= clock.local_ns(now_ns)


@given(SETTINGS, INSTANTS)
def test_a_deadline_is_reached_at_the_instant_it_was_said_to_be_and_not_before(
    changes: list[tuple[int, int]], local_ns: int
) -> None:
    clock, _ = set_often(changes)
    at_ns = clock.true_ns(local_ns)
    assert clock.local_ns(at_ns) >= local_ns
    if local_ns > clock.least_ns:
        assert clock.local_ns(at_ns) == local_ns and clock.local_ns(at_ns - 1) < local_ns
