"""The winner of an election: the number of datastores decides, then the MOID as text."""

import pytest

from herzschlag.agents.ha.election import ElectionRound, better
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.settings import SECOND, Timers


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, "host-98"), (2, "host-100")),  # "9" > "1": text, not number
        ((3, "host-100"), (2, "host-98")),  # one datastore more wins
        ((2, "host-99"), (2, "host-98")),
    ],
)
def test_order_of_candidates(left: tuple[int, str], right: tuple[int, str]) -> None:
    assert better(left, right)
    assert not better(right, left)


def candidate(moid: str, *, goodness: int = 2, offer_s: float = 14, hears_us: bool = True) -> Peer:
    peer = Peer(moid, ("A", "B"))
    peer.offer, peer.offer_ns, peer.hears_us = (goodness, moid), int(offer_s * SECOND), hears_us
    return peer


def winner(*peers: Peer) -> str:
    return ElectionRound(Timers(), now_ns=0).winner((2, "host-98"), peers, 15 * SECOND)[1]


def test_best_of_those_that_hear_us_wins() -> None:
    assert winner(candidate("host-99"), candidate("host-100")) == "host-99"


def test_better_candidate_that_cannot_hear_us_does_not_count() -> None:
    """Otherwise a host would wait for a master that can never take it in."""
    assert winner(candidate("host-99", hears_us=False)) == "host-98"


def test_stale_offer_does_not_count() -> None:
    """The better candidate died during the election."""
    assert winner(candidate("host-99", offer_s=11)) == "host-98"


def test_election_lasts_fifteen_seconds() -> None:
    assert ElectionRound(Timers(), now_ns=10 * SECOND).decide_ns == 25 * SECOND
