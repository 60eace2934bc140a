"""A clock that is set back stands still until it has caught up; one that is set ahead makes the cluster restless."""

from herzschlag.agents.settings import SECOND
from herzschlag.checkers.clocks import UNREST_NS, ClockSpan, Window, wrong_clocks


def span(begin_s: int, end_s: int, offset_s: int) -> ClockSpan:
    return ClockSpan("host-98", begin_s * SECOND, end_s * SECOND, offset_s * SECOND)


def window(begin_s: int, end_s: int) -> Window:
    return Window("host-98", begin_s * SECOND, end_s * SECOND)


def test_a_clock_set_back_stands_still_for_as_long() -> None:
    found = wrong_clocks([span(10, 200, -60)])
    assert found.stalls == (window(10, 70),)
    assert [(w.begin_ns, w.end_ns) for w in found.unrest] == [
        (10 * SECOND, 70 * SECOND + UNREST_NS),
        (200 * SECOND, 200 * SECOND + UNREST_NS),
    ]


def test_a_clock_that_was_ahead_stands_still_when_it_is_put_right() -> None:
    assert wrong_clocks([span(10, 20, 3600)]).stalls == (window(20, 3620),)


def test_two_offsets_add_up_and_a_leap_ends_a_stall() -> None:
    found = wrong_clocks([span(10, 300, -60), span(20, 300, 60)])
    assert found.stalls == (window(10, 20),)


def test_right_clocks_do_nothing() -> None:
    assert wrong_clocks([]).stalls == wrong_clocks([]).unrest == ()
