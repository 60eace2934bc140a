"""The measured effect of bad lines: what chance explains, and what shows that a fault did not bite."""

from __future__ import annotations

import pytest

from herzschlag.checkers.line_effect import mean_delay_ns, not_as_asked, told
from herzschlag.topo.impairments.line import Line
from herzschlag.topo.impairments.values import Quality

MS = 1_000_000


def line(**counts: int) -> dict[str, int]:
    names = ("sent", "lost", "overflowed", "doubled", "damaged", "overtook", "left", "delay_mean_ns")
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
    assert sum(delays) / len(delays) == pytest.approx(mean_delay_ns(quality), rel=0.03)


def test_what_happened_is_told_in_words() -> None:
    text = told(line(sent=10, lost=2, doubled=1, delay_mean_ns=5 * MS))
    assert text == "10 packets met the bad lines: 2 lost, 1 doubled, 5.0 ms late on average"
