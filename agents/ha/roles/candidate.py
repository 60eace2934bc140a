"""The role of a host in an election: its offers, the master it asks to join, and when it wins.

This module decides when the round is over and who has won, with `election.py`; which master may be joined: one that
hears us (docs/decisions/0004). It leaves what winning means to `agent.py`.
"""

from __future__ import annotations

from herzschlag.agents import records
from herzschlag.agents.ha.context import Context
from herzschlag.agents.ha.election import ElectionRound
from herzschlag.agents.ha.peers import Peer
from herzschlag.agents.ha.roles.role import Parts, RoleChange, RoleMachine
from herzschlag.agents.protocol.codec import padding_for
from herzschlag.agents.protocol.messages import AnyMessage, Election, Heartbeat, Join, Welcome


def send_offer(context: Context, to: tuple[str, ...] | None = None) -> None:
    """Our election offer, to every other host; isolated hosts go on offering (docs/decisions/0007)."""
    goodness, _ = context.offer()
    generation = context.cluster.generation
    to = context.others if to is None else to
    context.send(Election, to, goodness=goodness, heard=context.heard_bits(), config=generation)


class Candidate(RoleMachine):
    """From entering an election until a role is found."""

    role = "election"

    def __init__(self, parts: Parts, because: str, *, was_isolated: bool) -> None:
        super().__init__(parts)
        c = self._c
        self._round = ElectionRound(c.timers, now_ns=c.now_ns)
        self._company = was_isolated
        """Another agent was heard since the election began, or ended our isolation; without any, a new master probes
        its isolation at once."""
        self._joining = ""
        """The master asked to take us in."""
        self._better = ""
        """The best candidate that hears us, if it is not ourselves."""
        c.trace(records.Election(phase="started", because=because))
        send_offer(c)
        if was_isolated:
            self._vms.write_poweron(isolated=False)

    def heard(self, peer: Peer) -> None:
        self._company = True

    def heartbeat(self, peer: Peer, message: Heartbeat) -> None:
        if message.role == "master":
            self.master_heard(peer)
        else:
            self._leads_no_more(peer)

    def offer(self, peer: Peer) -> None:
        self._leads_no_more(peer)

    def message(self, peer: Peer, message: AnyMessage) -> None:
        if type(message) is Welcome:
            self._enter(RoleChange("slave", f"{peer.moid} took it in", master=peer.moid))

    def due_ns(self) -> int:
        return self._round.decide_ns

    def check(self) -> None:
        if self._c.now_ns >= self._round.decide_ns and self.won():
            because = f"no {'better candidate' if self._company else 'other agent'} was heard"
            self._enter(RoleChange("master", because, master=self._c.moid, company=self._company))

    def tick(self) -> None:
        """Once per heartbeat interval. A host that knows a better candidate sends its offer to that one alone, so that
        this one goes on hearing us: 64 hosts that all offer to all would send 8,000 datagrams a second."""
        if self._joining:
            # The small offer first: where only small packets pass, the master must go on hearing us (case 37).
            send_offer(self._c, (self._joining,))
            self._join()
            if self._joining:
                return
        two_way = not self._round.young(self._c.now_ns)
        winner = self._round.winner(self._c.offer(), self._c.peers.values(), self._c.now_ns, two_way=two_way)[1]
        if winner == self._c.moid:
            self._outlasted()
        else:
            self._better = winner
        send_offer(self._c, (self._better,) if self._better else None)

    def _outlasted(self) -> bool:
        """Whether a better candidate fell silent. Others that had lost to it, and a master to which we sent nothing
        meanwhile, are heard again, and hear us, only from now on: no candidate may win before."""
        if not self._better:
            return False
        self._better = ""
        self._round.not_before(self._c.now_ns + self._c.fresh_ns)
        return True

    def master_heard(self, peer: Peer) -> None:
        """A master's heartbeat arrived. A master that hears us is asked to take us in."""
        if peer.hears_us and not self._joining:
            self._joining = peer.moid
            self._join()

    def _leads_no_more(self, peer: Peer) -> None:
        """The peer is not a master. If we asked it to take us in, we do not wait until it falls silent, but ask the
        next master, at once if we hear one: otherwise we could win our own election, due now, beside that master."""
        if peer.moid != self._joining:
            return
        self._joining = ""
        others = (other for other in self._c.peers.values() if other is not peer and other.role == "master")
        best = max((other for other in others if self._takes_in(other)), key=lambda o: o.offer, default=None)
        if best is not None:
            self.master_heard(best)

    def won(self) -> bool:
        """The round's time is up: did we win? If not, look again a heartbeat later."""
        now_ns = self._c.now_ns
        if self._joining:
            # A master hears us but has not taken us in: it can only wait (fact sheet 3.1, case 37).
            self._round.postpone(now_ns)
            return False
        own = self._c.offer()
        winner = self._round.winner(own, self._c.peers.values(), now_ns)
        if winner == own:
            return not self._outlasted()
        if not self._round.postponed:
            why = f"{winner[1]} is better: {winner[0]} datastores against {own[0]}, then highest MOID"
            self._c.trace(records.Election(phase="lost", because=why))
        self._round.postpone(now_ns)
        return False

    def _join(self) -> None:
        peer = self._c.peers[self._joining]
        if not self._takes_in(peer):
            self._joining = ""
            return
        padding = padding_for(self._c.settings.mtu, Join)
        # Its inventory follows once it is taken in.
        self._c.send(Join, (peer.moid,), inventory=0, padding=padding)

    def _takes_in(self, master: Peer) -> bool:
        """Whether it may be asked: it hears us, and was heard just now."""
        return master.hears_us and master.heard_within(self._c.now_ns, self._c.fresh_ns)
