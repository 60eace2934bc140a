"""Impairments as data: which commands follow from which value, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from topo.errors import ImpairError
from topo.impair import Block, Impairment, commands, rules

ALL = frozenset({"netem", "numgen"})


def test_no_impairment_takes_everything_away_whether_or_not_there_was_something() -> None:
    clear = commands(None, "mgmtA", frozenset())
    assert [command.argv[:3] for command in clear] == [("nft", "-f", "-"), ("tc", "qdisc", "del")]
    assert all(command.may_fail for command in clear)
    assert clear[0].text == "add table netdev herzschlag_mgmtA\ndelete table netdev herzschlag_mgmtA\n"


def test_loss_is_a_random_drop_of_what_arrives() -> None:
    text = rules(Impairment(loss_percent=12.5), "mgmtB")
    assert "hook ingress device mgmtB" in text
    assert "numgen random mod 10000 < 1250 counter drop" in text
    assert "egress" not in text


def test_total_loss_needs_no_chance() -> None:
    assert "numgen" not in rules(Impairment(loss_percent=100), "mgmtA")


@pytest.mark.parametrize(
    ("direction", "present", "absent"),
    [("in", ["saddr"], ["daddr"]), ("out", ["daddr"], ["saddr"]), ("both", ["saddr", "daddr"], [])],
)
def test_direction_and_peer_choose_the_side_that_is_matched(
    direction: str, present: list[str], absent: list[str]
) -> None:
    impairment = Impairment(loss_percent=1, direction=direction, peers=("198.18.1.1", "198.18.1.2"))  # type: ignore[arg-type]
    text = rules(impairment, "mgmtA")
    assert all(f"ip {side} {{ 198.18.1.1, 198.18.1.2 }}" in text for side in present)
    assert not any(side in text for side in absent)


def test_a_blocked_port_leaves_ping_alone_and_the_reverse() -> None:
    port = rules(Impairment(block=(Block("udp", 8182),)), "mgmtA")
    ping = rules(Impairment(block=(Block("icmp"),)), "mgmtA")
    assert "udp dport 8182 counter drop" in port and "icmp" not in port
    assert "ip protocol icmp counter drop" in ping and "dport" not in ping


def test_a_copy_is_marked_so_that_it_is_not_copied_again() -> None:
    text = rules(Impairment(duplicate_percent=100), "mgmtA")
    assert "meta mark != 0x68657274" in text and "meta mark set 0x68657274 dup to mgmtA" in text


def test_every_script_begins_by_deleting_what_was_there() -> None:
    """Applied twice, it is applied once."""
    for impairment in (Impairment(loss_percent=5), Impairment(duplicate_percent=5), Impairment(delay_ms=5)):
        lines = rules(impairment, "mgmtA").splitlines()
        assert lines[:2] == ["add table netdev herzschlag_mgmtA", "delete table netdev herzschlag_mgmtA"]


def test_delay_is_netem_and_its_absence_takes_netem_away() -> None:
    slow = commands(Impairment(delay_ms=20, jitter_ms=5), "mgmtA", ALL)
    assert slow[-1].argv == (
        *("tc", "qdisc", "replace", "dev", "mgmtA", "root"),
        *("netem", "delay", "20ms", "5ms"),
    )
    quick = commands(Impairment(loss_percent=5), "mgmtA", ALL)
    assert quick[-1].argv == ("tc", "qdisc", "del", "dev", "mgmtA", "root")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Impairment(loss_percent=101), "loss_percent=101 is outside 0 to 100"),
        (lambda: Impairment(duplicate_percent=-1), "duplicate_percent=-1 is outside"),
        (lambda: Impairment(delay_ms=1, jitter_ms=2), "jitter_ms=2 is above delay_ms=1"),
        (lambda: Impairment(delay_ms=1e9), "delay_ms=1000000000.0 is outside"),
        (lambda: Impairment(peers=("host-98",)), "peer 'host-98' is no IPv4 address"),
        (lambda: Impairment(peers=("1.2.3.4; flush ruleset",)), "is no IPv4 address"),
        (lambda: Impairment(direction="up"), "direction 'up' is unknown"),  # type: ignore[arg-type]
        (lambda: Block("udp", 0), "port=0 is outside 1 to 65535"),
        (lambda: Block("icmp", 1), "ICMP has no ports"),
        (lambda: Block("sctp"), "protocol 'sctp' is unknown"),  # type: ignore[arg-type]
        (lambda: commands(Impairment(delay_ms=5), "mgmtA", frozenset({"numgen"})), "needs the kernel module sch_netem"),
        (lambda: commands(Impairment(loss_percent=5), "mgmtA", frozenset({"netem"})), "need nftables"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ImpairError, match=text):
        make()
