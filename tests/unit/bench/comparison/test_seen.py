"""What a run of the comparison showed, from histories made by hand."""

import pytest

from bench.comparison.cases import scenario
from bench.comparison.seen import Seen, seen_in
from tests.support.foreign import CORRECT, HOSTS, Said, found, history, link, role, view, write

REST = HOSTS[1:]


def seen(system: str, *said: Said) -> Seen:
    return seen_in(history(said), scenario(system, "isolation"), system)


def test_a_takeover_and_two_masters_until_the_heal() -> None:
    told = seen("keepalived", *CORRECT)
    assert (told.noticed_s, told.replaced_s) == (3.4, 3.4)
    assert told.two_s == pytest.approx(40.5 - 23.4)
    assert told.settled_s == 0.5
    assert (told.written, told.lost) == (None, None)


def test_members_that_go_on_replace_and_views_that_differ_count_as_two() -> None:
    whole = tuple(view(2, host, *HOSTS) for host in HOSTS) + tuple(role(2, host, "slave") for host in HOSTS)
    told = seen(
        "corosync", *whole, *(view(22.3, host, *REST) for host in REST), role(25, "host-98", "isolated", "slave")
    )
    assert (told.noticed_s, told.replaced_s, told.two_s) == (2.3, 2.3, 2.7)


def test_an_end_of_a_link_notices_and_nobody_leads() -> None:
    told = seen("frr-bfd", link(3, "host-99", "host-98", "up"), link(20.8, "host-99", "host-98", "down"))
    assert (told.noticed_s, told.replaced_s, told.two_s, told.settled_s) == (0.8, None, None, 0)


def test_a_write_that_one_host_lacks_is_lost() -> None:
    writes = (write(12, "host-98", 1), write(13, "host-98", 2), write(14, "host-99", 3))
    there = (found("host-98", "host-98", 1, 2), found("host-99", "host-98", 1), found("host-99", "host-99", 3))
    told = seen("redis-sentinel", *writes, *there)
    assert (told.written, told.lost) == (3, 1)
