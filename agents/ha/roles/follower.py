"""The role of a slave, which watches whether its master is alive and hears it.

This module decides when a slave gives its master up: 10 s without a heartbeat that says "I hear you" (fact sheet 0,
1.2; docs/decisions/0004). From 3 s on the slave watches the master's datastore heartbeat, not to judge it, but so that
locks of a dead master can be broken in time (docs/decisions/0006).
"""

from __future__ import annotations

from herzschlag.agents import records
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.roles.role import Parts, RoleChange, RoleMachine
from herzschlag.agents.protocol.messages import AnyMessage, Heartbeat, InventoryAck, RestartOrder, Welcome


class Follower(RoleMachine):
    role = "slave"

    def __init__(self, parts: Parts, master: str) -> None:
        super().__init__(parts)
        self.master = master
        self._heard_ns = self._c.now_ns
        self._last_ns = self._c.now_ns
        """Its last heartbeat, whatever it said."""
        self._spared_until_ns = 0
        """After a silence that ended in time the master needs a few heartbeats to learn that it hears us again."""
        self._watching = False
        self._c.unwatch_all()  # Watches of an earlier reign of ours, or of an earlier master.
        self._introduce()

    def heartbeat(self, peer: Peer, message: Heartbeat) -> None:
        if message.role == "master" and peer.moid == self.master:
            self.master_heard(peer)

    def offer(self, peer: Peer) -> None:
        if peer.moid == self.master:
            self._enter(RoleChange("election", f"{peer.moid} is in an election, so it is master no more"))

    def message(self, peer: Peer, message: AnyMessage) -> None:
        if type(message) is Welcome and peer.moid == self.master:
            self._introduce()

    def obeys(self, peer: Peer, order: InventoryAck | RestartOrder) -> bool:
        """Its master alone, and not what that one ordered in an earlier reign."""
        return peer.moid == self.master and (isinstance(order, InventoryAck) or order.reign >= peer.reign)

    def inventory_changed(self) -> None:
        self._vms.send_inventory(self.master)

    def _introduce(self) -> None:
        """A master that just took us in knows nothing of our VMs."""
        self._vms.new_master()
        self._vms.send_inventory(self.master)

    def master_heard(self, peer: Peer) -> None:
        """The master's heartbeat arrived; only one that says that the master hears us counts."""
        now_ns, fresh_ns = self._c.now_ns, self._c.fresh_ns
        if peer.hears_us:
            self._heard_ns = now_ns
        elif now_ns - self._last_ns > fresh_ns:
            self._spared_until_ns = now_ns + fresh_ns
        self._last_ns = now_ns

    def due_ns(self) -> int:
        timers = self._c.timers
        if not self._watching:
            return self._heard_ns + timers.datastore_watch_after_ns
        return max(self._heard_ns + timers.master_timeout_ns, self._spared_until_ns)

    def check(self) -> None:
        if self.lost():
            self._enter(RoleChange("election", f"no heartbeat of {self.master} that hears this host for 10 s"))

    def tick(self) -> None:
        self._reporting.heartbeat(self.role, self.master, (self.master,), self._heard_bit())
        if self._vms.unacknowledged():
            self._vms.send_inventory(self.master)

    def followed(self) -> tuple[Peer, ...]:
        return (self._c.peers[self.master],)

    def lost(self) -> bool:
        """Do what is due; True when the master is to be given up."""
        silence_ns = self._c.now_ns - self._heard_ns
        if silence_ns >= self._c.timers.master_timeout_ns and self._c.now_ns >= self._spared_until_ns:
            return True
        if silence_ns >= self._c.timers.datastore_watch_after_ns:
            self._watch()
        elif self._watching:
            self._watching = False
            self._c.unwatch(self.master)
        return False

    def _heard_bit(self) -> int:
        """What our heartbeats tell the master: its bit, while we hear it."""
        peer = self._c.peers[self.master]
        recent = peer.heard_within(self._c.now_ns, self._c.fresh_ns)
        return peer.bit if recent else 0

    def _watch(self) -> None:
        if self._watching:
            return
        self._watching = True
        self._c.watch(self.master)
        why = "no heartbeat of its master for 3 s"
        self._c.trace(records.Liveness(host=self.master, phase="watching", because=why))
