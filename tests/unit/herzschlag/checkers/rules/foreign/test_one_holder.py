"""Who holds a virtual address, by planted faults: broken systems, a lying log, a blinded reader."""

from herzschlag.faults import CrashAgent, PowerOff
from tests.support.foreign import CORRECT, holds, judged, program, role


def test_a_correct_system_holds_and_what_is_about_vsphere_is_left_out_by_name() -> None:
    found = judged(CORRECT)
    assert {one.checker: one.because for one in found.values() if not one.fine} == {}
    assert found["one-holder"].because == "4 settled groups, 198.18.9.9 on one host each"
    assert found["one-writer"].verdict == "nothing"
    assert "left out: it asks about vSphere HA" in found["one-writer"].because


def test_a_lying_log_is_seen_through() -> None:
    """Its lines say one master all the time; its kernels say that no host has the address after the heal."""
    lying = tuple(one for one in CORRECT if one[2] != "holds" or one[1] != "host-98")
    found = judged(lying)
    assert found["one-master"].verdict == "holds"
    assert found["one-holder"].verdict == "violated"
    assert "no host held it" in found["one-holder"].because


def test_a_system_that_does_not_give_the_address_back_is_seen() -> None:
    broken = tuple(one for one in CORRECT if one != holds(40.5, "host-99", "free"))
    found = judged(broken)["one-holder"]
    assert found.verdict == "violated"
    assert "host-98 and host-99 held it" in found.because


def test_two_holders_for_a_moment_once_settled_are_seen() -> None:
    """Between two looks: the beginning and the end of a stretch alone would not show it."""
    found = judged((*CORRECT, holds(50, "host-100"), holds(50.1, "host-100", "free")))["one-holder"]
    assert found.verdict == "violated"


def test_a_blinded_reader_shows_nothing() -> None:
    found = judged(tuple(one for one in CORRECT if one[2] != "holds"))["one-holder"]
    assert found.verdict == "unknown"


def test_power_takes_the_address_and_a_kill_does_not() -> None:
    off = (*(one for one in CORRECT if one != holds(40.5, "host-99", "free")), role(41, "host-98", "slave"))
    assert judged(off, fault=PowerOff(host="host-98"))["one-holder"].verdict == "holds"
    killed = judged((*CORRECT, program(20, "host-98", "ended")), fault=CrashAgent(host="host-98", watchdog=False))
    assert "host-98 and host-99 held it" in killed["one-holder"].because
    assert killed["programs-live"].verdict == "holds"


def test_where_a_majority_is_needed_a_host_alone_holds_it_nowhere() -> None:
    stopped = holds(22.5, "host-98", "free")
    right = judged((*CORRECT, stopped, holds(41, "host-98")), "pacemaker")["one-holder"]
    assert (right.verdict, right.because) == (
        "holds",
        "4 settled groups, 198.18.9.9 on one host each that has a majority",
    )
    kept = judged(CORRECT, "pacemaker")["one-holder"]
    assert kept.verdict == "violated"
    assert "host-98 held it" in kept.because
