"""Impairments as values: what the kernel must have for them, and which values are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from herzschlag.topo.errors import ImpairError
from herzschlag.topo.impairments.values import DELAY_NS_MAX, JITTER_NS_MAX, Block, Impairment, Quality


def links(quality: Quality, *to: str, network: str = "A") -> Impairment:
    return Impairment(links={(network, node): quality for node in to})


def test_every_means_is_named() -> None:
    assert links(Quality(loss=0.1), "host-99").means == {"nftables"}
    assert links(Quality(delay_ns=1), "host-99").means == {"netem"}
    assert links(Quality(delay_ns=1, duplicate=1), "host-99").means == {"nftables", "netem"}
    assert links(Quality(), "host-99").means == frozenset()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Quality(loss=1.01), r"loss=1.01 is outside 0 to 1"),
        (lambda: Quality(duplicate=-1), r"duplicate=-1 is outside"),
        (lambda: Quality(delay_ns=DELAY_NS_MAX + 1), r"delay_ns=60000000001 is outside"),
        (lambda: Quality(jitter_ns=JITTER_NS_MAX + 1), r"jitter_ns=2147483648 is outside"),
        (lambda: Quality(overtaking=0.5), r"nothing is delayed, so nothing can be overtaken"),
        (lambda: Block("udp", 1, "up"), r"direction 'up' is unknown"),  # type: ignore[arg-type]
        (lambda: Block("udp", 0), r"port=0 is outside 1 to 65535"),
        (lambda: Block("icmp", 1), r"ICMP has no ports"),
        (lambda: Block("sctp"), r"protocol 'sctp' is unknown"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ImpairError, match=text):
        make()
