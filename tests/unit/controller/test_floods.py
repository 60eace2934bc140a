"""What a cut swallowed of floods, tested on counters alone."""

from herzschlag.controller.floods import FloodedBefore
from herzschlag.controller.links import NetworkCuts, flood_cookie
from herzschlag.controller.messages import Network, Port
from herzschlag.controller.switch import RuleCount

NETWORK = Network(10, {"x": Port(1, "02:00:00:00:00:01"), "y": Port(2, "02:00:00:00:00:02")}, floods=True)
CUT = NetworkCuts(silent=frozenset({("x", "y")}))


def counted(packets: int) -> dict[int, RuleCount]:
    return {flood_cookie(NETWORK, "x"): RuleCount(packets, packets * 60)}


def test_it_counts_from_the_moment_it_saw_the_cut() -> None:
    before = FloodedBefore()
    assert before.misses(NETWORK, CUT)
    before.see(NETWORK, CUT, counted(7))
    assert not before.misses(NETWORK, CUT)
    assert before.swallowed(NETWORK, ("x", "y"), counted(9)) == RuleCount(2, 120)


def test_a_cut_that_ended_is_forgotten() -> None:
    before = FloodedBefore()
    before.see(NETWORK, CUT, counted(7))
    assert not before.misses(NETWORK, NetworkCuts())
    assert before.misses(NETWORK, CUT)


def test_a_switch_that_was_restarted_counts_from_zero() -> None:
    before = FloodedBefore()
    before.see(NETWORK, CUT, counted(7))
    assert before.swallowed(NETWORK, ("x", "y"), counted(3)) == RuleCount(3, 180)


def test_what_was_never_seen_has_swallowed_nothing_provable() -> None:
    before = FloodedBefore()
    before.see(NETWORK, CUT, {})
    assert before.swallowed(NETWORK, ("x", "y"), counted(3)) == RuleCount(0, 0)
