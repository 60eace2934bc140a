"""The check of sequence numbers: replays and datagrams of an old boot are refused, disorder in the window is not."""

from hypothesis import given
from hypothesis import strategies as st

from herzschlag.agents.ha.peers import REPLAY_WINDOW, Peer, Window


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


def test_a_window_that_goes_on_is_one_that_saw_all_the_numbers() -> None:
    for times in (1, 2, 30):
        made, repeated = Window(), Window()
        for number in (1, 2, 3, 9, 10, *(12 + 7 * n + one for n in range(times + 1) for one in (0, 1, 2, 4, 6))):
            made.add(number)
            if number <= 18:
                repeated.add(number)
        repeated.repeat(7, times)
        assert (repeated.newest, repeated.near, repeated.far) == (made.newest, made.near, made.far)
