"""The election of a master: offers, their order, and when an election is over.

The host with the most datastores wins, then the one with the highest MOID compared as text, so host-98 beats host-100
(fact sheet 4 [DD-F] [ITP]). An offer counts only if its sender hears us: a host needs a master that hears it
(docs/decisions/0004). There is no pre-emption: an election happens only while there is no master.
"""

from __future__ import annotations

from collections.abc import Iterable

from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.settings import Timers

Offer = tuple[int, str]
"""Goodness (datastores reached, plus fdm.nodeGoodness) and MOID; two offers compare as in the election."""


def better(left: Offer, right: Offer) -> bool:
    """Whether `left` wins against `right`: goodness first, then the MOID as text ("host-98" > "host-100")."""
    return left > right


class ElectionRound:
    """One host's part in one election."""

    def __init__(self, timers: Timers, *, now_ns: int) -> None:
        self._t = timers
        self.began_ns = now_ns
        self.decide_ns = now_ns + timers.election_ns
        self.postponed = False

    def winner(self, own: Offer, peers: Iterable[Peer], now_ns: int, *, two_way: bool = True) -> Offer:
        """The best fresh offer among ours and those of hosts that hear us; of all hosts unless `two_way`."""
        best = own
        for peer in peers:
            if self._fresh(peer, now_ns) and (peer.hears_us or not two_way) and better(peer.offer, best):
                best = peer.offer
        return best

    def young(self, now_ns: int) -> bool:
        """Whether it is too early for other hosts to know that we hear them."""
        return now_ns - self.began_ns < self._t.fresh_ns

    def _fresh(self, peer: Peer, now_ns: int) -> bool:
        """Whether the peer's last offer still counts: after this time its sender has died or given up."""
        return peer.offer_ns is not None and now_ns - peer.offer_ns <= self._t.fresh_ns

    def not_before(self, at_ns: int) -> None:
        """Decide at `at_ns` at the earliest."""
        self.decide_ns = max(self.decide_ns, at_ns)

    def postpone(self, now_ns: int) -> None:
        """There is a better candidate, or a master that has not taken us in yet: decide a heartbeat later."""
        self.decide_ns = now_ns + self._t.heartbeat_interval_ns
        self.postponed = True
