"""Impairments as values: what the kernel must have for them, and which values are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from herzschlag.topo.errors import ImpairError
from herzschlag.topo.impairments.values import (
    DELAY_NS_MAX,
    JITTER_NS_MAX,
    Block,
    Course,
    Flap,
    Impairment,
    Quality,
    Stage,
    always,
)


def links(quality: Quality, *to: str, network: str = "A") -> Impairment:
    return Impairment(links={(network, node): quality for node in to})


def test_every_means_is_named() -> None:
    assert links(Quality(loss=0.1), "host-99").means == {"nftables"}
    assert links(Quality(delay_ns=1), "host-99").means == {"netem"}
    assert links(Quality(delay_ns=1, duplicate=1), "host-99").means == {"nftables", "netem"}
    assert links(Quality(), "host-99").means == frozenset()


@pytest.mark.parametrize(
    ("quality", "by_kernel"),
    [
        (Quality(loss=0.1, duplicate=0.1, delay_ns=5, jitter_ns=5, overtaking=0.1), True),
        (Quality(jitter_ns=5), True),
        (Quality(jitter_ns=5, overtaking=0.1), False),
        (Quality(corrupt=0.1), False),
        (Quality(rate_bit_s=1000), False),
        (Quality(loss=0.1, burst_packets=3), False),
    ],
)
def test_the_relay_serves_what_the_kernel_cannot_and_all_of_it_without_netem(quality: Quality, by_kernel: bool) -> None:
    blocks = (Block("icmp"),)
    wanted = Impairment(blocks=blocks, links={("A", "host-99"): quality, ("A", "host-100"): Quality()})
    of_kernel, of_relay = wanted.split(netem=True)
    assert of_kernel.blocks == blocks
    assert (of_kernel.links, of_relay) == (
        ({("A", "host-99"): quality}, {}) if by_kernel else ({}, {("A", "host-99"): always(quality)})
    )
    assert wanted.split(netem=False) == (Impairment(blocks=blocks), {("A", "host-99"): always(quality)})


def test_the_relay_serves_what_changes_by_itself_on_every_kernel() -> None:
    """Only there the seed decides which packets suffer."""
    course = Course((Stage(0, Quality()), Stage(5, Quality(loss=0.5))))
    wanted = Impairment(courses={("A", "host-99"): course})
    assert wanted.split(netem=True) == (Impairment(), {("A", "host-99"): course})
    assert wanted.split(netem=False) == wanted.split(netem=True)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Quality(loss=1.01), r"loss=1.01 is outside 0 to 1"),
        (lambda: Course(()), r"0 stages: a course has 1 to 101 in order, the first at 0"),
        (lambda: Course((Stage(1, Quality()),)), r"the first at 0"),
        (lambda: Course((Stage(0, Quality()), Stage(5, Quality()), Stage(5, Quality()))), r"in order"),
        (lambda: Flap(10, 1.0), r"down=1: a flapping line is down for a share"),
        (lambda: Flap(10, 0.5, grain_ns=11), r"period_ns=10: it is at least the grain of 11 ns"),
        (lambda: Quality(duplicate=-1), r"duplicate=-1 is outside"),
        (lambda: Quality(delay_ns=DELAY_NS_MAX + 1), r"delay_ns=60000000001 is outside"),
        (lambda: Quality(jitter_ns=JITTER_NS_MAX + 1), r"jitter_ns=2147483648 is outside"),
        (lambda: Quality(overtaking=0.5), r"nothing is delayed, so nothing can be overtaken"),
        (lambda: Quality(rate_bit_s=1), r"rate_bit_s=1 is outside 100 to"),
        (lambda: Quality(burst_packets=3), r"burst_packets=3 with loss=0: a loss above 0"),
        (lambda: Quality(loss=1, burst_packets=3), r"below burst_loss=1, the share while bad"),
        (
            lambda: Quality(loss=0.5, burst_packets=1.9),
            r"burst_packets=1.9 with loss=0.5: from 2, which is chance alone",
        ),
        (lambda: Block("udp", 1, "up"), r"direction 'up' is unknown"),  # type: ignore[arg-type]
        (lambda: Block("udp", 0), r"port=0 is outside 1 to 65535"),
        (lambda: Block("icmp", 1), r"ICMP has no ports"),
        (lambda: Block("sctp"), r"protocol 'sctp' is unknown"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ImpairError, match=text):
        make()
