"""Quorate hosts agree on the members, by planted faults: two views, a stale one, a blinded reader."""

from herzschlag.faults import Freeze, Impair
from tests.support.foreign import HOSTS, Said, judged, program, role, view

REST = HOSTS[1:]
STARTED: tuple[Said, ...] = (
    *(program(1, host, "started") for host in HOSTS),
    *(role(2, host, "slave") for host in HOSTS),
    *(view(2, host, *HOSTS) for host in HOSTS),
)
ALONE = (role(22, "host-98", "isolated", "slave"), view(22, "host-98", "host-98"))
OTHERS = tuple(view(22, host, *REST) for host in REST)
HEALED = (role(41, "host-98", "slave", "isolated"), *(view(41, host, *HOSTS) for host in HOSTS))


def test_members_that_agree_hold_and_no_leader_is_asked_for() -> None:
    found = judged((*STARTED, *ALONE, *OTHERS, *HEALED), "corosync")
    assert (found["one-view"].verdict, found["one-view"].because) == ("holds", "in 3 settled times quorate hosts agree")
    assert (found["one-master"].verdict, found["one-master"].because) == ("nothing", "no host of corosync leads")
    assert judged((*STARTED, *ALONE), "keepalived")["one-view"].verdict == "nothing"


def test_a_host_alone_that_goes_on_calling_itself_quorate_is_seen() -> None:
    found = judged((*STARTED, *OTHERS, *HEALED[1:]), "corosync")["one-view"]
    assert found.verdict == "violated"
    assert "host-98: host-98 host-99 host-100; host-99: host-99 host-100" in found.because


def test_a_disagreement_for_a_moment_once_settled_is_seen() -> None:
    moment = (view(50, "host-99", *REST), view(50.1, "host-99", *HOSTS))
    assert judged((*STARTED, *ALONE, *OTHERS, *HEALED, *moment), "corosync")["one-view"].verdict == "violated"


def test_quorate_hosts_that_agree_on_a_member_which_is_alone_are_seen() -> None:
    """Corosync: the others form one membership after the other and never complete one, so their view stays."""
    found = judged((*STARTED, *ALONE, *HEALED), "corosync")["one-view"]
    assert found.verdict == "violated"
    assert "host-99 was quorate with host-98 host-99 host-100" in found.because
    assert "but not host-98, which says host-98" in found.because


def test_quorate_hosts_that_keep_a_member_which_does_not_run_are_seen() -> None:
    found = judged((*STARTED, *HEALED[1:]), "corosync", Freeze(host="host-98"))["one-view"]
    assert (found.verdict, "but not host-98, which says nothing" in found.because) == ("violated", True)


def test_while_lines_are_bad_nothing_is_settled() -> None:
    said = (*STARTED, *OTHERS, *HEALED[1:])
    assert judged(said, "corosync")["one-view"].verdict == "violated"
    bad = Impair(src="host-98", flap_period_s=10.0)
    assert judged(said, "corosync", bad)["one-view"].because == "in 2 settled times quorate hosts agree"


def test_a_host_that_is_frozen_says_nothing() -> None:
    frozen = (*STARTED, *OTHERS, *HEALED[1:])
    assert judged(frozen, "corosync", Freeze(host="host-98"))["one-view"].verdict == "holds"


def test_a_blinded_reader_shows_nothing() -> None:
    assert judged(tuple(one for one in STARTED if one[2] != "view"), "corosync")["one-view"].verdict == "unknown"
