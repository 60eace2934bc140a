"""The measured effect of bad lines: what chance explains, and what shows that a fault did not bite."""

from __future__ import annotations

import pytest

from herzschlag.checkers.line_effect import not_as_asked, not_on_course, told
from herzschlag.topo.impairments.line import Line
from herzschlag.topo.impairments.values import PERFECT, Course, Flap, Quality, Stage

MS = 1_000_000


def line(**counts: int) -> dict[str, int]:
    names = (
        "sent",
        "lost",
        "overflowed",
        "down",
        "asked_lost",
        "asked_delay_mean_ns",
        "doubled",
        "damaged",
        "overtook",
        "left",
        "delay_mean_ns",
    )
    return dict.fromkeys(names, 0) | {"left": counts.get("sent", 0) - counts.get("lost", 0)} | counts


@pytest.mark.parametrize(
    ("counts", "quality", "says"),
    [
        (line(), Quality(loss=0.2), "no packet met"),
        (line(sent=1000, lost=200), Quality(loss=0.2), ""),
        (line(sent=1000, lost=140), Quality(loss=0.2), "14.0% of 1000 packets were lost, 20.0% were asked for"),
        (line(sent=100, lost=10), Quality(loss=0.2), ""),
        (line(sent=100, lost=0), Quality(loss=0.2), "0.0% of 100 packets were lost"),
        (line(sent=1000, lost=290), Quality(loss=0.2, burst_packets=20), ""),
        (line(sent=1000, lost=0), Quality(loss=0.7, burst_packets=10), "were lost"),
        (line(sent=1000), Quality(duplicate=0.5), "were doubled"),
        (line(sent=1000), Quality(corrupt=0.5), "were damaged"),
        (line(sent=1000, delay_mean_ns=303 * MS), Quality(delay_ns=300 * MS, jitter_ns=200 * MS), ""),
        (line(sent=1000, delay_mean_ns=0), Quality(delay_ns=300 * MS, jitter_ns=200 * MS), "300.0 ms were asked for"),
        (line(sent=1000, delay_mean_ns=400 * MS), Quality(delay_ns=300 * MS), "took 400.0 ms on average"),
        (line(sent=1000, delay_mean_ns=900 * MS), Quality(rate_bit_s=1000), ""),
    ],
)
def test_an_effect_is_judged_by_what_chance_explains(counts: dict[str, int], quality: Quality, says: str) -> None:
    found = not_as_asked(counts, quality)
    assert says in found and bool(says) == bool(found)


@pytest.mark.parametrize(
    "quality",
    [
        Quality(delay_ns=300 * MS, jitter_ns=200 * MS),
        Quality(delay_ns=100 * MS, jitter_ns=400 * MS),
        Quality(jitter_ns=400 * MS, overtaking=0.5),
    ],
)
def test_the_mean_delay_is_that_of_a_line(quality: Quality) -> None:
    one = Line(3, ("A", "host-98", "host-99"))
    one.change(quality)
    delays = [one.carry(0, 100).due_ns[0] for _ in range(10_000)]
    assert sum(delays) / len(delays) == pytest.approx(quality.mean_delay_ns, rel=0.03)


RAMP = Course((Stage(0, PERFECT), Stage(30, Quality(loss=0.4)), Stage(60, Quality(loss=0.8))))
SLOWING = Course((Stage(0, PERFECT), Stage(50, Quality(delay_ns=400 * MS))))
FLAPPING = Course((Stage(0, Quality()),), Flap(10, 0.5))
BY_CHANCE = Course((Stage(0, Quality()),), Flap(10, 0.5, random=True))


@pytest.mark.parametrize(
    ("counts", "course", "says"),
    [
        (line(), RAMP, "no packet met"),
        (line(sent=1000, lost=440, asked_lost=440), RAMP, ""),
        (line(sent=1000, lost=0, asked_lost=440), RAMP, "0.0% of 1000 packets were lost, 44.0% were asked for"),
        (line(sent=1000, lost=0, asked_lost=0), RAMP, "0.0% of 1000 packets were to be lost when they came, 44.0% by"),
        (line(sent=1000, lost=800, asked_lost=800), RAMP, "80.0% of 1000 packets were to be lost"),
        (line(sent=1000, lost=500, asked_lost=500, down=500), FLAPPING, ""),
        (line(sent=1000, lost=1000, asked_lost=1000, down=1000), FLAPPING, "100.0% of 1000 packets were to be lost"),
        (line(sent=1000, lost=300, asked_lost=300, down=300), BY_CHANCE, ""),
        (line(sent=1000, delay_mean_ns=200 * MS, asked_delay_mean_ns=200 * MS), SLOWING, ""),
        (line(sent=1000, delay_mean_ns=0, asked_delay_mean_ns=200 * MS), SLOWING, "took 0.0 ms on average"),
        (line(sent=1000, delay_mean_ns=0, asked_delay_mean_ns=0), SLOWING, "0.0 ms were asked of packets on average"),
    ],
)
def test_a_line_that_changes_is_judged_by_its_course_as_well(counts: dict[str, int], course: Course, says: str) -> None:
    """A ramp that did not rise treats its packets as it asks of them, and still does not do what was asked for."""
    found = not_on_course(counts, course, 100, hosts=3)
    assert says in found and bool(says) == bool(found)


def test_more_packets_meet_lines_that_are_down_where_more_hosts_look_for_a_master() -> None:
    for hosts, says in ((3, "90.0% of 1000 packets were to be lost when they came, 50.0% by"), (6, "")):
        found = not_on_course(line(sent=1000, lost=900, asked_lost=900, down=900), FLAPPING, 100, hosts)
        assert says in found and bool(says) == bool(found)


def test_a_line_that_flaps_as_much_as_it_is_lossy_must_have_been_down() -> None:
    course = Course((Stage(0, Quality(loss=0.5)),), Flap(50, 0.1))
    found = not_on_course(line(sent=100, lost=50, asked_lost=50), course, 100, hosts=3)
    assert found == "0 of 100 packets met the flapping lines while they were down"


def test_what_happened_is_told_in_words() -> None:
    text = told(line(sent=10, lost=2, doubled=1, delay_mean_ns=5 * MS))
    assert text == "10 packets met the bad lines: 2 lost, 1 doubled, 5.0 ms late on average"
