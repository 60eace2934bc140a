"""A bad line: its numbering through all changes, its queue, its counters."""

from __future__ import annotations

from herzschlag.topo.impairments.line import QUEUE_PACKETS_MAX, Counts, Line
from herzschlag.topo.impairments.values import PERFECT, Course, Flap, Quality, Stage

MS = 1_000_000
LINK = ("A", "host-98", "host-99")


def line(quality: Quality = PERFECT, seed: int = 1) -> Line:
    made = Line(seed, LINK)
    made.change(quality)
    return made


def losses(one: Line, many: int) -> list[bool]:
    return [not one.carry(0, 100).due_ns for _ in range(many)]


def test_a_perfect_line_lets_packets_pass_at_once() -> None:
    assert line().carry(5, 1500).due_ns == (5,)


def test_the_numbers_of_packets_go_on_when_the_quality_changes() -> None:
    """Otherwise a line that flaps would lose the same first packets again and again."""
    whole, changed = line(Quality(loss=0.5)), line(Quality(loss=0.5))
    first = losses(changed, 30)
    changed.change(Quality(loss=0.6))
    changed.change(Quality(loss=0.5))
    assert first + losses(changed, 30) == losses(whole, 60)


def test_what_happened_is_counted_since_the_quality_changed() -> None:
    one = line(Quality(loss=0.5, duplicate=0.5, corrupt=0.5, delay_ns=10 * MS))
    gone = sum(losses(one, 200))
    counts = one.counts
    assert (counts.sent, counts.lost) == (200, gone) and 0 < counts.doubled < 200 - gone and counts.damaged
    one.change(one.quality)
    assert one.counts.sent == 200, "nothing has changed"
    one.change(Quality(loss=0.1))
    assert one.counts == Counts()


def test_departures_are_measured() -> None:
    one = line(Quality(delay_ns=10 * MS))
    assert one.carry(0, 100).due_ns == (10 * MS,)
    one.left(0, 10 * MS, 12 * MS)
    one.left(0, 10 * MS, 10 * MS)
    counts = one.counts
    assert (counts.left, counts.delay_sum_ns, counts.delay_max_ns, counts.late_max_ns) == (2, 22 * MS, 12 * MS, 2 * MS)


def test_a_rate_sends_one_packet_after_the_other() -> None:
    one = line(Quality(rate_bit_s=8_000, delay_ns=5 * MS))  # a byte a millisecond
    assert [one.carry(0, 100).due_ns for _ in range(3)] == [(105 * MS,), (205 * MS,), (305 * MS,)]
    assert one.carry(1000 * MS, 10).due_ns == (1015 * MS,), "the line is free again"


def test_a_full_queue_loses_what_comes() -> None:
    one = line(Quality(rate_bit_s=8_000))
    for _ in range(QUEUE_PACKETS_MAX):
        assert one.carry(0, 100).due_ns
    assert one.carry(0, 100).due_ns == () and one.counts.overflowed == 1
    assert one.carry(101 * MS, 100).due_ns, "one has left"


def test_counts_add_up() -> None:
    total = Counts(sent=1, delay_max_ns=5)
    total.add(Counts(sent=2, lost=1, delay_max_ns=3, late_max_ns=4))
    assert total == Counts(sent=3, lost=1, delay_max_ns=5, late_max_ns=4)


def test_a_line_on_a_course_counts_what_it_asked_of_each_packet() -> None:
    """So that a ramp is judged by what its packets met, whenever they came."""
    one = Line(1, LINK)
    one.change(Course((Stage(0, PERFECT), Stage(10, Quality(loss=1.0))), Flap(8, 0.25)), now_ns=100)
    gone = [not one.carry(100 + at, 100).due_ns for at in range(16)]
    assert gone == [at < 2 or at >= 8 for at in range(16)]
    assert (one.counts.sent, one.counts.lost, one.counts.down) == (16, 10, 4)
    assert one.counts.asked_lost == 10.0
    one.change(one.course, now_ns=500)
    assert one.counts.sent == 16, "it goes on, on its course too"
    assert one.bad
    one.change(PERFECT, now_ns=600)
    assert not one.bad and one.carry(600, 100).due_ns == (600,)
