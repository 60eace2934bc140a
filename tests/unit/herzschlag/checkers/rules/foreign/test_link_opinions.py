"""Each end's opinion of a link is the truth, by planted faults: a deaf end that says nothing, one that is too early or
too late, a false alarm, a wrong direction, a blinded reader."""

import pytest

from herzschlag.faults import CrashAgent, Fault, Freeze, OneWay, PowerOff
from tests.support.foreign import CUT_S, HEAL_S, HOSTS, Said, judged, link, program

GONE, NEAR, FAR = HOSTS
STARTED: tuple[Said, ...] = tuple(program(1, host, "started") for host in HOSTS)
ENDS = [(host, peer, network) for host in HOSTS for peer in HOSTS if peer != host for network in "AB"]
UP = tuple(link(3, host, peer, "up", network) for host, peer, network in ENDS)
LINKS = [(host, peer, network) for host, peer, network in ENDS if GONE in (host, peer)]
DOWN = tuple(link(CUT_S + 0.8, host, peer, "down", network) for host, peer, network in LINKS)
AGAIN = tuple(link(HEAL_S + 2, host, peer, "up", network) for host, peer, network in LINKS)
RIGHT = (*STARTED, *UP, *DOWN, *AGAIN)
ONE_WAY = OneWay(src=GONE, dst=NEAR, networks="A")
DEAF = (link(CUT_S + 0.8, NEAR, GONE, "down"), link(HEAL_S + 2, NEAR, GONE, "up"))
UNHEARD = (link(CUT_S + 1.5, GONE, NEAR, "down"), link(HEAL_S + 2, GONE, NEAR, "up"))


def verdict(said: tuple[Said, ...], fault: Fault | None = None) -> tuple[str, str]:
    found = judged(said, "frr-bfd", fault)["link-opinions"]
    return found.verdict, " ".join((found.because, *(one.because for one in found.details)))


def test_ends_that_notice_in_time_hold_and_no_leader_is_asked_for() -> None:
    found = judged(RIGHT, "frr-bfd")
    assert found["link-opinions"].verdict == "holds"
    assert found["link-opinions"].because == "12 ends of links, each as it was"
    assert found["one-master"].verdict == "nothing"
    assert judged(STARTED, "etcd")["link-opinions"].verdict == "nothing"


@pytest.mark.parametrize(
    ("after_s", "says"),
    [(1.2, "0.9 s are allowed"), (0.3, "too early for 0.9 s"), (0.9, "noticed after 0.90 s that it hears nothing")],
)
def test_an_end_has_the_detection_time_and_no_more(after_s: float, says: str) -> None:
    moved = link(CUT_S + after_s, NEAR, GONE, "down")
    said = tuple(moved if one == link(CUT_S + 0.8, NEAR, GONE, "down") else one for one in RIGHT)
    found, because = verdict(said)
    assert found == ("holds" if after_s == 0.9 else "violated")
    assert says in because


def test_an_end_that_never_notices_is_seen() -> None:
    silent = tuple(one for one in RIGHT if one[:2] != (CUT_S + 0.8, NEAR))
    found, because = verdict(silent)
    assert found == "violated" and "never called down, though it hears nothing since" in because


def test_one_way_shows_its_direction() -> None:
    assert verdict((*STARTED, *UP, *DEAF, *UNHEARD), ONE_WAY)[0] == "holds"
    swapped = tuple(
        (at_s, fields["peer"], kind, {**fields, "peer": node}) for at_s, node, kind, fields in (*DEAF, *UNHEARD)
    )
    assert verdict((*STARTED, *UP, *swapped), ONE_WAY)[0] == "violated"
    found, because = verdict((*STARTED, *UP, *DEAF), ONE_WAY)
    assert found == "violated" and "though it is not heard" in because


def test_a_link_may_be_up_as_soon_as_its_cut_is_being_undone() -> None:
    """The cut of one network is gone before that of the other."""
    early = tuple(link(HEAL_S - 0.006, host, peer, "up", network) for host, peer, network in LINKS)
    said = (*STARTED, *UP, *DOWN, *early)
    assert judged(said, "frr-bfd", undoing_s=0.01)["link-opinions"].verdict == "holds"
    assert judged(said, "frr-bfd")["link-opinions"].verdict == "violated"


def test_a_false_alarm_and_a_link_that_stays_down_are_seen() -> None:
    alarm = (link(15, FAR, NEAR, "down"), link(15.1, FAR, NEAR, "up"))
    found, because = verdict((*RIGHT, *alarm))
    assert found == "violated" and "down at T-5.00, and packets pass both ways" in because
    assert verdict((*STARTED, *UP, *DOWN))[0] == "violated"


@pytest.mark.parametrize("fault", [Freeze(host=GONE), PowerOff(host=GONE), CrashAgent(host=GONE, watchdog=False)])
def test_a_host_that_does_not_work_has_no_opinion_and_is_noticed_by_others(fault: Fault) -> None:
    of_others = tuple(one for one in DOWN if one[1] != GONE)
    assert verdict((*STARTED, *UP, *of_others, *AGAIN), fault)[0] == "holds"
    assert verdict((*STARTED, *UP, *AGAIN), fault)[0] == "violated"
    back = tuple(one for one in AGAIN if one[1] != GONE)
    expected = "holds" if isinstance(fault, Freeze) else "violated"
    assert verdict((*STARTED, *UP, *of_others, *back), fault)[0] == expected, "a new life begins with every link down"


def test_a_blinded_reader_shows_nothing() -> None:
    assert verdict(STARTED)[0] == "unknown"
