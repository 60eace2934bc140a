"""The inbox of an agent: which datagrams it acts on, and which networks of a peer have fallen silent.

This module decides that a message counts once, whichever of the two networks brings it first; that replays and
datagrams of an old life, its sender's or ours, are dropped and counted; which orders are taken (`orders.py`); that a
state in an older message does not undo a newer one. It leaves what a message means to `agent.py`. This is the
simulator's hot path: some hundred plain heartbeats a second pass here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from herzschlag.agents import records
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.orders import Superseded
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.protocol.messages import VCENTER, AnyMessage, Election, Heartbeat, Order, PowerRequest
from herzschlag.agents.records import PathState


class Inbox:
    def __init__(self, context: Context) -> None:
        self._c = context
        self.dropped: Counter[str] = Counter()
        """Datagrams not accepted, by reason."""
        self._superseded = Superseded()

    def accept(self, peer: Peer, network: str, message: AnyMessage, to_boot: int) -> bool:
        """Whether the datagram is a sign of life: new, of the peer's present life, and not for an earlier one of ours.
        A peer that has not heard us yet names none; from one that has, such a datagram is from before."""
        boot = peer.boot
        if to_boot != self._c.boot and (to_boot or (peer.knows_us and message.boot == boot)):
            # Two agents of which each knew a wrong life of the other would never meet: so that much is learned.
            peer.meets(message.boot)
            self._learn(peer, boot)
            self.drop(message.sender, "for-old-life")
            return False
        freshness = peer.accept(network, message.boot, message.sequence, self._c.now_ns)
        if freshness != "new":
            self.drop(message.sender, freshness)
            return False
        self._learn(peer, boot)
        peer.knows_us = to_boot != 0
        path = peer.paths[network]
        if path.silent:
            path.silent = False
            self._note_path(peer, network, "silent", "up", "a datagram arrived")
        return True

    def _learn(self, peer: Peer, before: int) -> None:
        if peer.boot != before:
            self._c.learn(peer.moid, peer.boot)

    def takes(self, order: Order, to_boot: int) -> bool:
        """Whether an accepted order is to be followed now; a refusal is counted."""
        reason = self._refusal(order, to_boot)
        if reason:
            self.drop(order.sender, reason)
        return not reason

    def _refusal(self, order: Order, to_boot: int) -> str:
        c = self._c
        if to_boot != c.boot:
            return "for-no-life"
        if not c.sent.holds(order.answers, c.now_ns):
            return "late-order"
        if order.sender != VCENTER:
            return ""
        if isinstance(order, PowerRequest) and c.config is not None and order.config < c.config.generation:
            return "old-configuration"
        return "" if self._superseded.takes(order) else "superseded"

    def is_news(self, peer: Peer, message: AnyMessage) -> bool:
        """Whether the accepted message says anything new."""
        overtaken = message.sequence < peer.handled.newest
        if not peer.handled.add(message.sequence):
            return False  # The same message came over the other network.
        # A state is old news once a newer message has been handled; a request is always handled.
        return not (overtaken and isinstance(message, Heartbeat | Election))

    def drop(self, sender: str, reason: str) -> None:
        self.dropped[reason] += 1
        count = self.dropped[reason]
        if records.Dropped.is_told(count):
            because = f"datagram is {reason}"
            self._c.trace(records.Dropped(sender=sender, reason=reason, count=count, because=because))

    def note_silence(self, peers: Iterable[Peer]) -> None:
        """Record that a peer fell silent on one network and not on the other: only readers of the history need it."""
        limit_ns = self._c.now_ns - self._c.timers.datastore_watch_after_ns
        for peer in peers:
            for network, path in peer.paths.items():
                if path.last_heard_ns is not None and path.last_heard_ns < limit_ns and not path.silent:
                    path.silent = True
                    self._note_path(peer, network, "up", "silent", "no heartbeat for 3 s")

    def _note_path(self, peer: Peer, network: str, before: PathState, after: PathState, because: str) -> None:
        self._c.trace(records.Path(host=peer.moid, network=network, from_=before, to=after, because=because))
