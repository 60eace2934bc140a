"""The check of sequence numbers: replays and datagrams of an old boot are refused, disorder in the window is not."""

from hypothesis import given
from hypothesis import strategies as st

from herzschlag.agents.ha.peers import REPLAY_WINDOW, Peer


def peer() -> Peer:
    return Peer("host-98", ("A", "B"))


def test_same_datagram_twice_on_one_network_is_a_replay_and_on_the_other_is_not() -> None:
    p = peer()
    assert p.accept("A", 1, 7, 0) == "new"
    assert p.accept("A", 1, 7, 1) == "replayed"
    assert p.accept("B", 1, 7, 1) == "new"


def test_datagram_of_an_earlier_life_is_refused() -> None:
    p = peer()
    p.accept("A", 2, 1, 0)
    assert p.accept("A", 1, 99, 1) == "old-life"


@given(st.lists(st.integers(0, 200), max_size=100))
def test_each_number_is_accepted_at_most_once_and_never_far_behind(numbers: list[int]) -> None:
    p = peer()
    accepted: set[int] = set()
    for number in numbers:
        newest = max(accepted, default=-1)
        verdict = p.accept("A", 1, number, 0)
        expected = number not in accepted and (number > newest or newest - number < REPLAY_WINDOW)
        assert (verdict == "new") == expected
        if verdict == "new":
            accepted.add(number)
