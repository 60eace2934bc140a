"""The fate of a packet: the same for the same seed, line and number; shares and bursts as asked for."""

from __future__ import annotations

from itertools import pairwise

import pytest

from herzschlag.topo.impairments.fate import Fate, fate, line_key
from herzschlag.topo.impairments.values import Quality

LINK = ("A", "host-98", "host-99")
KEY = line_key(7, LINK)
MS = 1_000_000
MANY = 20_000


def lost(quality: Quality, many: int = MANY, key: bytes = KEY) -> list[bool]:
    return [not fate(key, number, quality).delays_ns for number in range(many)]


def test_the_fate_of_the_first_packets_is_the_one_it_always_was() -> None:
    """A repeat with a seed that was written down years ago must lose the same packets."""
    quality = Quality(loss=0.3, delay_ns=100 * MS, jitter_ns=50 * MS, duplicate=0.2, corrupt=0.2, overtaking=0.2)
    assert [number for number, gone in enumerate(lost(quality, 20)) if gone] == [1, 4, 12, 14, 17]
    assert fate(KEY, 5, quality) == Fate((126_976_088, 0), 0.06075260182842612)


def test_another_seed_link_or_direction_has_other_fates() -> None:
    quality = Quality(loss=0.5)
    keys = [
        line_key(7, LINK),
        line_key(8, LINK),
        line_key(7, ("B", *LINK[1:])),
        line_key(7, ("A", "host-99", "host-98")),
    ]
    assert len({tuple(lost(quality, 64, key)) for key in keys}) == 4


def test_a_packet_lost_at_a_low_share_is_lost_at_a_higher_one() -> None:
    """Two runs that differ in the share alone can be compared packet by packet."""
    low, high = lost(Quality(loss=0.1), 500), lost(Quality(loss=0.2), 500)
    assert all(more for less, more in zip(low, high, strict=True) if less) and sum(high) > sum(low)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 1.0])
def test_shares_are_those_asked_for(share: float) -> None:
    fates = [
        fate(KEY, number, Quality(duplicate=share, corrupt=share, delay_ns=1, overtaking=share))
        for number in range(MANY)
    ]
    near = pytest.approx(share, abs=0.015)  # more than four standard deviations of at most 0.0035
    assert sum(lost(Quality(loss=share))) / MANY == near
    assert sum(len(one.delays_ns) == 2 for one in fates) / MANY == near
    assert sum(one.damaged_at is not None for one in fates) / MANY == near
    assert sum(one.overtook for one in fates) / MANY == near


def test_delays_are_even_around_the_one_asked_for_and_never_below_0() -> None:
    delays = [fate(KEY, number, Quality(delay_ns=100 * MS, jitter_ns=50 * MS)).delays_ns[0] for number in range(MANY)]
    assert min(delays) < 51 * MS and max(delays) > 149 * MS and min(delays) >= 50 * MS and max(delays) <= 150 * MS
    assert sum(delays) / MANY == pytest.approx(100 * MS, rel=0.01)
    early = [fate(KEY, number, Quality(delay_ns=10 * MS, jitter_ns=50 * MS)).delays_ns[0] for number in range(100)]
    assert min(early) == 0


def test_an_overtaking_packet_is_not_delayed_and_both_copies_have_delays_of_their_own() -> None:
    assert fate(KEY, 0, Quality(delay_ns=MS, overtaking=1)).delays_ns == (0,)
    first, second = fate(KEY, 0, Quality(jitter_ns=MS, delay_ns=MS, duplicate=1)).delays_ns
    assert first != second


@pytest.mark.parametrize(
    ("loss", "burst", "burst_loss"), [(0.2, 1.25, 1.0), (0.2, 5, 1.0), (0.5, 10, 1.0), (0.1, 8, 0.5)]
)
def test_bursts_lose_the_share_asked_for_and_are_as_long_as_asked_for(
    loss: float, burst: float, burst_loss: float
) -> None:
    quality = Quality(loss=loss, burst_packets=burst, burst_loss=burst_loss)
    states = [fate(KEY, number, quality).bad for number in range(MANY)]
    bursts = sum(not before and after for before, after in pairwise(states))
    assert sum(lost(quality)) / MANY == pytest.approx(loss, abs=0.03)
    assert sum(states) / bursts == pytest.approx(burst, rel=0.1)


def test_the_state_of_a_line_is_the_same_looked_back_at_or_walked_to() -> None:
    quality = Quality(loss=0.3, burst_packets=20)
    before: bool | None = None
    for number in range(2000):
        walked = fate(KEY, number, quality, before)
        assert walked == fate(KEY, number, quality)
        before = walked.bad
